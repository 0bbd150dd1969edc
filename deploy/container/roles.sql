-- What the database begins with, after docs/postgresql.sql made the roles: the service's has the password of its secret.
\set word `cat /run/secrets/wedtui_password`
SELECT :'word' <> '' AS readable \gset
\if :readable
ALTER ROLE wedtui_service PASSWORD :'word';
\else
DO $$ BEGIN RAISE EXCEPTION 'secrets/wedtui_password is empty, or closed to user 999 who runs the database'
    USING HINT = 'Open it to that user, then remove the volume of the database and begin anew.'; END $$;
\endif
