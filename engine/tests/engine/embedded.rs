//! The embedded Postgres cluster, with the machine's real binaries: what it
//! keeps, who may share it, what a crash leaves. Each fact has a cluster of
//! its own in a temporary folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use engine::metadata::embedded::{EmbeddedError, EmbeddedPostgres, OpenAs, PsqlRole, roles_sql};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection};
use tempfile::TempDir;

const WAIT: Duration = Duration::from_secs(20);
const NO_WAIT: Duration = Duration::from_millis(50);

/// Names the data directory to the process that [`owner_process`] starts.
const OWNED_DIR: &str = "TESSERA_TEST_OWNED_DIR";

async fn server(data_dir: &Path) -> EmbeddedPostgres {
    EmbeddedPostgres::open(data_dir, WAIT, OpenAs::Server)
        .await
        .unwrap()
}

async fn command_line(data_dir: &Path) -> EmbeddedPostgres {
    EmbeddedPostgres::open(data_dir, WAIT, OpenAs::CommandLine)
        .await
        .unwrap()
}

async fn run(options: PgConnectOptions, sql: &str) -> Result<(), sqlx::Error> {
    let mut connection = options.connect().await?;
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(&mut connection)
        .await
        .map(|_| ())
}

async fn text(connection: &mut PgConnection, sql: &str) -> Result<String, sqlx::Error> {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
        .fetch_one(connection)
        .await
}

async fn ask(options: PgConnectOptions, sql: &str) -> Result<String, sqlx::Error> {
    text(&mut options.connect().await?, sql).await
}

fn postmaster_pid(data_dir: &Path) -> u32 {
    let file = fs::read_to_string(data_dir.join("postgres/data/postmaster.pid")).unwrap();
    file.lines().next().unwrap().parse().unwrap()
}

fn kill_9(pid: u32) {
    let pid = rustix::process::Pid::from_raw(pid as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

/// This test binary once more, as a server that owns `data_dir` until killed.
fn owner_process(data_dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "embedded::owns_a_cluster_until_it_is_killed",
            "--nocapture",
        ])
        .env(OWNED_DIR, data_dir)
        .spawn()
        .unwrap()
}

/// Not a fact: what [`owner_process`] runs.
#[tokio::test]
async fn owns_a_cluster_until_it_is_killed() {
    let Some(data_dir) = std::env::var_os(OWNED_DIR) else {
        return;
    };
    let owner = server(Path::new(&data_dir)).await;
    run(
        owner.owner_options(),
        "CREATE TABLE kept AS SELECT 'committed' AS what",
    )
    .await
    .unwrap();
    fs::write(Path::new(&data_dir).join("committed"), "").unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    owner.stop().await.unwrap();
}

async fn until_exists(file: PathBuf) {
    let began = Instant::now();
    while !file.exists() {
        assert!(began.elapsed() < WAIT, "{} did not appear", file.display());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_restart_finds_its_data_and_stop_leaves_nothing_running() {
    let dir = TempDir::new().unwrap();
    // Far longer than a socket's path may be.
    let data_dir = dir
        .path()
        .join("long".repeat(40))
        .join("and deep, with a blank");

    let first = server(&data_dir).await;
    run(
        first.owner_options(),
        "CREATE TABLE kept AS SELECT 'here' AS what",
    )
    .await
    .unwrap();
    let pid = postmaster_pid(first.data_dir());
    let runtime = fs::read_to_string(data_dir.join("runtime.json")).unwrap();
    let socket_dir = socket_dir(&runtime);
    assert!(socket_dir.exists());
    assert_eq!(
        fs::metadata(&socket_dir).unwrap().permissions().mode() & 0o777,
        0o700
    );
    for private in ["runtime.json", "postgres.secrets.json", "lock"] {
        let mode = fs::metadata(data_dir.join(private))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{private}");
    }
    first.stop().await.unwrap();
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
    assert!(!socket_dir.exists());
    assert!(!data_dir.join("runtime.json").exists());

    let second = server(&data_dir).await;
    assert_eq!(
        ask(second.owner_options(), "SELECT what FROM kept")
            .await
            .unwrap(),
        "here"
    );
    second.stop().await.unwrap();
}

fn socket_dir(runtime: &str) -> PathBuf {
    let runtime: serde_json::Value = serde_json::from_str(runtime).unwrap();
    PathBuf::from(runtime["socket_dir"].as_str().unwrap())
}

#[tokio::test]
async fn a_command_line_attaches_to_a_server_and_a_second_server_is_refused() {
    let dir = TempDir::new().unwrap();
    let owner = server(dir.path()).await;
    assert!(owner.is_owner());

    let attached = command_line(dir.path()).await;
    assert!(!attached.is_owner());
    assert_eq!(
        ask(attached.app_options(), "SELECT current_user::text")
            .await
            .unwrap(),
        "tessera_app"
    );
    let mut psql = attached.psql_command(PsqlRole::App);
    let said = psql.args(["-Atc", "SELECT current_user"]).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&said.stdout),
        "tessera_app\n",
        "{said:?}"
    );

    let refused = EmbeddedPostgres::open(dir.path(), NO_WAIT, OpenAs::Server)
        .await
        .unwrap_err();
    assert!(matches!(&refused, EmbeddedError::InUse { .. }), "{refused}");
    assert!(
        refused
            .to_string()
            .contains(&std::process::id().to_string()),
        "{refused}"
    );

    // An attached process that lets go ends nothing.
    attached.stop().await.unwrap();
    assert_eq!(ask(owner.app_options(), "SELECT 'up'").await.unwrap(), "up");
    // A server does not wait for command lines.
    let left_behind = command_line(dir.path()).await;
    owner.stop().await.unwrap();
    assert!(ask(left_behind.app_options(), "SELECT 'up'").await.is_err());
}

#[tokio::test]
async fn a_command_line_that_owns_waits_for_the_attached_and_a_server_waits_for_it() {
    let dir = TempDir::new().unwrap();
    let owner = command_line(dir.path()).await;
    let attached = command_line(dir.path()).await;
    assert!(owner.is_owner() && !attached.is_owner());

    let stopping = tokio::spawn(owner.stop());
    let data_dir = dir.path().to_owned();
    let serving = tokio::spawn(async move { server(&data_dir).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!stopping.is_finished() && !serving.is_finished());
    assert_eq!(
        ask(attached.app_options(), "SELECT 'up'").await.unwrap(),
        "up"
    );

    attached.stop().await.unwrap();
    stopping.await.unwrap().unwrap();
    let next = serving.await.unwrap();
    assert!(next.is_owner());
    next.stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_owners_cluster_ends_and_is_recovered() {
    let dir = TempDir::new().unwrap();
    let mut owner = owner_process(dir.path());
    until_exists(dir.path().join("committed")).await;
    let old_postmaster = postmaster_pid(dir.path());
    let old_socket_dir = socket_dir(&fs::read_to_string(dir.path().join("runtime.json")).unwrap());
    kill_9(owner.id());
    owner.wait().unwrap();

    // Nobody else tells it to end: the kernel did, with its owner's death.
    let began = Instant::now();
    let command = format!("/proc/{old_postmaster}/cmdline");
    while fs::read(&command).is_ok_and(|line| !line.is_empty()) {
        assert!(
            began.elapsed() < WAIT,
            "the old postgres goes on without its owner"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let next = server(dir.path()).await;
    assert_eq!(
        ask(next.owner_options(), "SELECT what FROM kept")
            .await
            .unwrap(),
        "committed"
    );
    assert!(
        !old_socket_dir.exists(),
        "the killed owner's socket folder is left over"
    );
    next.stop().await.unwrap();
}

#[tokio::test]
async fn a_start_beside_an_old_postgres_that_still_ends_waits_for_it() {
    let dir = TempDir::new().unwrap();
    let first = server(dir.path()).await;
    let old_postmaster = postmaster_pid(dir.path());
    // Like a kill, without the wait that `stop` does.
    drop(first);
    let next = server(dir.path()).await;
    assert_ne!(postmaster_pid(dir.path()), old_postmaster);
    next.stop().await.unwrap();

    // A left-over file whose process id is another program's by now.
    let data = dir.path().join("postgres/data");
    let stale = format!(
        "{}\n{}\n0\n5432\n/nowhere\n\n  1 1\nready\n",
        std::process::id(),
        data.display()
    );
    fs::write(data.join("postmaster.pid"), stale).unwrap();
    server(dir.path()).await.stop().await.unwrap();
}

#[tokio::test]
async fn a_postgres_that_dies_is_started_again() {
    let dir = TempDir::new().unwrap();
    let owner = server(dir.path()).await;
    kill_9(postmaster_pid(dir.path()));
    let began = Instant::now();
    tokio::time::sleep(Duration::from_millis(200)).await;
    while ask(owner.app_options(), "SELECT 'up'").await.is_err() {
        assert!(began.elapsed() < WAIT, "postgres did not come back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    owner.stop().await.unwrap();
}

#[tokio::test]
async fn the_roles_can_do_what_they_must_and_no_more() {
    let dir = TempDir::new().unwrap();
    let owner = server(dir.path()).await;
    let superuser = {
        let secrets = fs::read(dir.path().join("postgres.secrets.json")).unwrap();
        let secrets: serde_json::Value = serde_json::from_slice(&secrets).unwrap();
        let password = secrets["superuser"].as_str().unwrap();
        owner.app_options().username("postgres").password(password)
    };

    let what = "SELECT concat_ws(' ', rolsuper, rolbypassrls, rolinherit, rolcanlogin, rolcreaterole) \
                FROM pg_roles WHERE rolname = ";
    for (role, expected) in [
        ("'tessera_app'", "f f f t f"),
        ("'tessera_owner'", "f t t t f"),
        ("'tessera_maintenance'", "f f f f f"),
    ] {
        assert_eq!(
            ask(superuser.clone(), &format!("{what}{role}"))
                .await
                .unwrap(),
            expected,
            "{role}"
        );
    }

    run(
        owner.owner_options(),
        "CREATE SCHEMA analytics;
         CREATE TABLE analytics.swept AS SELECT 'row' AS what;
         ALTER TABLE analytics.swept ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
         CREATE POLICY sweep ON analytics.swept TO tessera_maintenance USING (true);
         GRANT USAGE ON SCHEMA analytics TO tessera_app, tessera_maintenance;
         GRANT SELECT ON analytics.swept TO tessera_maintenance;",
    )
    .await
    .unwrap();
    let mut app = owner.app_options().connect().await.unwrap();
    let swept = "SELECT what FROM analytics.swept";
    let refused = text(&mut app, swept).await.unwrap_err();
    assert!(
        refused.to_string().contains("permission denied"),
        "{refused}"
    );
    let stepped_in = sqlx::raw_sql("BEGIN; SET LOCAL ROLE tessera_maintenance")
        .execute(&mut app)
        .await;
    stepped_in.unwrap();
    assert_eq!(text(&mut app, swept).await.unwrap(), "row");
    sqlx::raw_sql("COMMIT").execute(&mut app).await.unwrap();
    assert!(text(&mut app, swept).await.is_err());
    for forbidden in [
        "CREATE SCHEMA mine",
        "CREATE TABLE public.mine ()",
        "SET ROLE tessera_owner",
    ] {
        assert!(
            run(owner.app_options(), forbidden).await.is_err(),
            "{forbidden}"
        );
    }

    // No way in without a password, and durable as promised.
    assert!(
        ask(owner.app_options().password("guessed"), "SELECT 'in'")
            .await
            .is_err()
    );
    for (setting, expected) in [
        ("listen_addresses", ""),
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("password_encryption", "scram-sha-256"),
        ("TimeZone", "UTC"),
        ("server_encoding", "UTF8"),
    ] {
        let is = ask(
            owner.app_options(),
            &format!("SELECT current_setting('{setting}')"),
        )
        .await
        .unwrap();
        assert_eq!(is, expected, "{setting}");
    }
    let hba = "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules";
    assert_eq!(ask(superuser.clone(), hba).await.unwrap(), "scram-sha-256");

    // What `tessera db init` prints may be run again, by hand, with psql.
    let printed = dir.path().join("roles.sql");
    fs::write(&printed, roles_sql(r"app's \ new", "owner's")).unwrap();
    let said = owner
        .psql_command(PsqlRole::Superuser)
        .arg("-qf")
        .arg(&printed)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&said.stderr).into_owned();
    assert_eq!(errors.matches("ERROR").count(), 1, "{errors}");
    assert!(
        errors.contains("database \"tessera\" already exists"),
        "{errors}"
    );
    let renewed = owner.app_options().password(r"app's \ new");
    assert_eq!(ask(renewed, "SELECT 'in'").await.unwrap(), "in");
    owner.stop().await.unwrap();
}

#[tokio::test]
async fn a_folder_that_postgres_cannot_pass_through_is_named() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let dir = TempDir::new().unwrap();
    let data_dir = dir.path().join("closed/data");
    fs::create_dir_all(&data_dir).unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(dir.path().join("closed"), fs::Permissions::from_mode(0o700)).unwrap();
    let refused = EmbeddedPostgres::open(&data_dir, NO_WAIT, OpenAs::Server)
        .await
        .unwrap_err();
    let EmbeddedError::Unreachable { folder, .. } = &refused else {
        panic!("{refused}")
    };
    assert_eq!(*folder, dir.path().join("closed"));
    // The folder is somebody's own: it was not opened.
    let mode = fs::metadata(dir.path().join("closed"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
}
