//! Files in, by the command line.

use serde_json::Value;

use crate::fixture::Server;

const MAPPING: &str = "platform = \"'coreldove'\"\nmetric_type = \"'revenue'\"\n\
    metric_name = \"'order_revenue'\"\nvalue = \"v\"\nrecorded_at = \"t\"\n\
    [columns]\nv = \"decimal(18,2)\"\n";

#[test]
fn several_files_are_one_run_with_one_report() {
    let server = Server::start();
    server.say(&["tenant", "create", "a", "--plan", "pro"]);
    let file = |name: &str, text: &str| {
        let path = server.file(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let map = file("map.toml", MAPPING);
    let first = file("first.csv", "v,t\n1,2024-05-01\nx,2024-05-01\n");
    let second = file("second.csv", "v,t\n2,2024-05-02\nx,2024-05-01\n");
    let missing = server.file("missing.csv");
    let report = server.file("rejected.csv");
    let import = |files: &[&str], options: &[&str]| {
        let fixed = [
            "import", "--tenant", "a", "--map", &map, "--report", &report,
        ];
        server.run(&[&fixed[..], options, files].concat())
    };
    let json = |bytes: &[u8]| -> Value {
        let text = String::from_utf8_lossy(bytes);
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}"))
    };

    // The last file fails: what the others gave is said all the same.
    let failed = import(&[&first, &second, &missing], &["--json"]);
    assert_eq!(failed.status.code(), Some(1));
    let said = json(&failed.stdout);
    assert_eq!((&said["files"], &said["points"]), (&2.into(), &2.into()));
    assert_eq!(said["rejected_lines"], 2);
    assert_eq!(said["reports"], serde_json::json!([report]));
    let error = json(&failed.stderr);
    assert!(error["error"].as_str().unwrap().contains("missing.csv"));
    let failed = import(&[&first, &missing], &[]);
    assert!(!failed.status.success());
    let said = String::from_utf8(failed.stdout).unwrap();
    assert!(
        said.starts_with("imported 0 points of 1 of 2 files"),
        "{said}"
    );

    // Equal rows of two files stand for both, also when imported again.
    let rows = || {
        let text = std::fs::read_to_string(&report).unwrap();
        let lines = text.lines().skip(1).map(str::to_owned);
        lines.collect::<Vec<String>>()
    };
    let named = |rows: &[String], file: &str| rows.iter().filter(|r| r.starts_with(file)).count();
    for options in [&[][..], &["--again"], &["--again"]] {
        let done = import(&[&first, &second], options);
        assert!(done.status.success(), "{done:?}");
        let rows = rows();
        assert_eq!(rows.len(), 2, "{options:?}: {rows:?}");
        assert_eq!((named(&rows, &first), named(&rows, &second)), (1, 1));
    }

    // A file of somebody else's is not written to.
    std::fs::write(&report, "mine\n").unwrap();
    let refused = import(&[&first], &["--again"]);
    assert!(!refused.status.success());
    assert_eq!(std::fs::read_to_string(&report).unwrap(), "mine\n");
}

#[test]
fn an_import_warns_of_points_that_the_plan_does_not_keep() {
    let server = Server::start();
    server.say(&["tenant", "create", "a", "--plan", "free"]);
    let (map, old) = (server.file("map.toml"), server.file("old.csv"));
    std::fs::write(&map, MAPPING).unwrap();
    std::fs::write(&old, "v,t\n1,2010-12-01\n2,2010-12-02\n").unwrap();
    let import = ["import", &old, "--tenant", "a", "--map", &map];

    let said = server.say(&import);
    let (imported, warning) = said.split_once('\n').unwrap();
    assert_eq!(imported, "imported 2 points");
    for part in [
        "warning: 2 of these points will not stay",
        "400 days that the plan free keeps",
        "03:00 UTC",
        "tessera tenant set a --plan starter|pro|enterprise",
    ] {
        assert!(warning.contains(part), "{part}: {warning}");
    }
    let said = server.say(&[&import[..], &["--again", "--json"]].concat());
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["outdated"], 2);
    assert_eq!(said["warning"]["plan"], "free");
    assert_eq!(said["warning"]["plan_days"], 400);
    assert!(said["warning"]["hint"].is_string() && said["warning"]["removed_from"].is_string());

    // Done as it says, nothing is to be warned of.
    let refused = server.run(&["tenant", "set", "a", "--plan", "golden"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("enterprise"));
    let moved = server.say(&["tenant", "set", "a", "--plan", "pro", "--json"]);
    assert_eq!(
        serde_json::from_str::<Value>(&moved).unwrap()["plan"],
        "pro"
    );
    let said = server.say(&[&import[..], &["--again", "--json"]].concat());
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&said["outdated"], said.get("warning")), (&0.into(), None));
}

#[test]
fn a_faulty_command_line_is_json_where_json_is_asked_for() {
    let server = Server::start();
    for arguments in [
        &["tenant", "create", "--json"][..],
        &["--json", "no-such-verb"],
        &["retention", "--json", "--days", "1"],
    ] {
        let refused = server.run(arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert!(refused.stdout.is_empty(), "{arguments:?}");
        let said: Value = serde_json::from_slice(&refused.stderr).unwrap();
        for part in ["error", "hint"] {
            assert!(!said[part].as_str().unwrap().is_empty(), "{said}");
        }
    }
    let plain = server.run(&["no-such-verb"]);
    assert_eq!(plain.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&plain.stderr).starts_with("error:"));
    let help = server.run(&["--json", "--help"]);
    assert!(help.status.success() && !help.stdout.is_empty());
}
