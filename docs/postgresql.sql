-- Roles for a PostgreSQL that several hosts share, with no more rights than each needs.
-- Run once as a superuser, in the database that cache.url and ledger.url name:
--     psql --dbname=wedtui --file=postgresql.sql
-- Then let the service make its schemas (`wedtui db migrate` as wedtui_service), and run this file again, as after each
-- upgrade: what the reader may see is granted on schemas that exist, and so is the audit chain taken from the service.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wedtui_service') THEN
        CREATE ROLE wedtui_service LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wedtui_reader') THEN
        CREATE ROLE wedtui_reader LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wedtui_keeper') THEN
        CREATE ROLE wedtui_keeper NOLOGIN;
    END IF;
    -- The service makes its schemas and owns what is in them; nobody else makes anything.
    EXECUTE format('GRANT CONNECT, CREATE ON DATABASE %I TO wedtui_service', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO wedtui_reader', current_database());
    -- Dashboards and gates read the cache. The ledger is the service's own.
    IF to_regnamespace('wedtui_cache') IS NOT NULL THEN
        GRANT USAGE ON SCHEMA wedtui_cache TO wedtui_reader;
        GRANT SELECT ON ALL TABLES IN SCHEMA wedtui_cache TO wedtui_reader;
        ALTER DEFAULT PRIVILEGES FOR ROLE wedtui_service IN SCHEMA wedtui_cache
            GRANT SELECT ON TABLES TO wedtui_reader;
    END IF;
    -- The audit chain belongs to a role that nobody can log in as: the service reads it and adds to it, and can neither
    -- change it nor switch off or drop what keeps it. (It makes further tables in the schema, but may not drop this one.)
    IF to_regclass('wedtui_ledger.audit_link') IS NOT NULL THEN
        GRANT USAGE, CREATE ON SCHEMA wedtui_ledger TO wedtui_keeper;
        ALTER SCHEMA wedtui_ledger OWNER TO wedtui_keeper;
        GRANT USAGE, CREATE ON SCHEMA wedtui_ledger TO wedtui_service;
        ALTER FUNCTION wedtui_ledger.audit_kept() OWNER TO wedtui_keeper;
        ALTER FUNCTION wedtui_ledger.audit_pruned() OWNER TO wedtui_keeper;
        ALTER TABLE wedtui_ledger.audit_link OWNER TO wedtui_keeper;
        ALTER TABLE wedtui_ledger.audit_anchor OWNER TO wedtui_keeper;
        REVOKE ALL ON wedtui_ledger.audit_link, wedtui_ledger.audit_anchor FROM wedtui_service;
        GRANT SELECT, INSERT ON wedtui_ledger.audit_link, wedtui_ledger.audit_anchor TO wedtui_service;
        GRANT USAGE ON SEQUENCE wedtui_ledger.audit_anchor_id_seq TO wedtui_service;
    END IF;
END
$$;

-- A reader that tries to write is told so before the grants are asked.
ALTER ROLE wedtui_reader SET default_transaction_read_only = on;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
