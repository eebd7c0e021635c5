//! What the points of a random history are drawn from.

use chrono::{DateTime, Utc};
use rand::Rng;
use rand::rngs::StdRng;

/// Mostly around a change of New York's clocks; coarse, so that ties happen.
pub(crate) fn moment(random: &mut StdRng, round: usize, i: usize) -> DateTime<Utc> {
    // The first of each body lies in March 2024: that window fills up.
    let (from, days) = match random.random_range(0..8) {
        _ if i == 0 => ("2024-03-08T00:00:00Z", 4),
        0 if round > 1 => ("2023-12-28T00:00:00Z", 10),
        1 => ("2024-11-01T00:00:00Z", 5),
        2 => ("2024-02-28T18:00:00Z", 2),
        _ => ("2024-03-08T00:00:00Z", 5),
    };
    let from: DateTime<Utc> = from.parse().unwrap();
    let quarters = random.random_range(0..days * 96);
    let micros = [0, 0, 1, 899_999_999][random.random_range(0..4)];
    from + chrono::Duration::minutes(15 * quarters) + chrono::Duration::microseconds(micros)
}

/// Members of a JSON object; each round brings a new key.
pub(crate) fn dimensions(random: &mut StdRng, round: usize) -> (String, Option<String>) {
    match random.random_range(0..4) {
        0 => (String::new(), None),
        1 => {
            let value = random.random_range(0..3);
            let text = format!(r#""k{round}":"v{value}","country":"GB""#);
            (text, Some("GB".to_owned()))
        }
        2 => {
            let country = format!("c{}", random.random_range(0..400));
            let number = random.random_range(0..9);
            let text = format!(r#""country":"{country}","n":{number}.50"#);
            (text, Some(country))
        }
        _ => {
            let number = random.random_range(0..9);
            let text = format!(r#""k{round}":{number},"Country":true,"nested":{{"a":[1]}}"#);
            (text, None)
        }
    }
}
