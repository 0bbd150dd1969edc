-- What the database begins with, after docs/postgresql.sql made the roles: the service's has the password of its secret.
\set word `cat /run/secrets/wedtui_password`
ALTER ROLE wedtui_service PASSWORD :'word';
