"""When to ask whom: schedules, deadlines and the service that turns answers into cache rows."""
