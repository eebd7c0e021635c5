//! The demo's tenants, and the file that remembers their keys.

use chrono::Utc;
use engine::demo::ensure_plans;

use crate::fixture::Fixture;

const PLANS: &[(&str, u64)] = &[("free", 300), ("pro", 700)];

#[tokio::test]
async fn the_demo_is_made_again_where_the_database_does_not_know_its_keys() {
    let first = Fixture::start().await;
    let folder = first.path("demo");
    let silent = |_: &str| {};
    let made = ensure_plans(&first.engine, &folder, Utc::now(), PLANS, &silent);
    let made = made.await.unwrap();
    let again = ensure_plans(&first.engine, &folder, Utc::now(), PLANS, &silent);
    assert_eq!(again.await.unwrap()[1].key, made[1].key, "nothing is done");

    // The same folder, another database.
    let second = Fixture::start().await;
    let anew = ensure_plans(&second.engine, &folder, Utc::now(), PLANS, &silent);
    let anew = anew.await.unwrap();
    for (demo, (plan, points)) in anew.iter().zip(PLANS) {
        assert_eq!(demo.plan, *plan);
        let caller = second.engine.keys().authenticate(&demo.key).await.unwrap();
        assert_eq!(caller.unwrap().tenant, demo.tenant);
        let count = "SELECT count(*) FROM analytics_data_points";
        assert_eq!(
            second.row(&demo.tenant, count).await,
            points.to_string(),
            "{plan}"
        );
    }
    first.stop().await;
    second.stop().await;
}
