"""Who has it, and who is told next: contacts, rosters, ladders. Pure: nobody is told anything here."""
