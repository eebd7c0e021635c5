-- The roles and the database of Tessera, made by a superuser of Postgres 15 or
-- newer. The embedded cluster runs this by itself; for any other Postgres,
-- `tessera db init` prints it with the passwords filled in. By hand:
--
--   psql -v app_password=… -v owner_password=… -f roles.sql
--
-- It may be run again (then "already exists" for the database is no harm).
-- Schemas, tables and their policies are the numbered migrations'.

-- part: roles
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['tessera_owner', 'tessera_app', 'tessera_maintenance'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        END IF;
    END LOOP;
END
$$;

-- Migrations and backups (TESSERA_MIGRATE_URL). It bypasses row-level security,
-- because tables force it on their owner too, and a backfill would touch nothing.
ALTER ROLE tessera_owner
    LOGIN BYPASSRLS INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION
    PASSWORD :'owner_password';

-- The server (DATABASE_URL): under row-level security, owns nothing.
ALTER ROLE tessera_app
    LOGIN NOBYPASSRLS NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION
    PASSWORD :'app_password';

-- Work across tenants, by policies of its own. The server steps into it with
-- SET LOCAL ROLE; NOINHERIT above keeps its rights away until then.
ALTER ROLE tessera_maintenance
    NOLOGIN NOBYPASSRLS NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;
GRANT tessera_maintenance TO tessera_app;

-- part: database
CREATE DATABASE tessera OWNER tessera_owner TEMPLATE template0 ENCODING 'UTF8';

-- part: grants
ALTER DATABASE tessera SET timezone TO 'UTC';
REVOKE ALL ON DATABASE tessera FROM PUBLIC;
GRANT CONNECT ON DATABASE tessera TO tessera_app;
