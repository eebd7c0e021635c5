//! A movement in one sentence, made of its numbers alone.

use super::Movement;

/// What the numbers are called.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// The metric, as a sentence begins with it: `Revenue`.
    pub metric: &'a str,
    /// What it is compared with: `last week`.
    pub against: &'a str,
    /// The dimension whose values contribute: `campaign_type`.
    pub dimension: &'a str,
    /// Where: a platform's name, if it is one platform's number.
    pub platform: Option<&'a str>,
}

/// The movement, its largest contribution and, for a ratio, whether that is its
/// own rate or its weight: "Revenue −18 % against last week; 71 % of it is
/// campaign_type = search on bizoholic".
pub fn sentence(said: &Said<'_>, movement: &Movement) -> String {
    let Some(by) = movement.relative() else {
        let what = if movement.after == movement.before {
            "did not move"
        } else {
            "came from zero"
        };
        return format!("{} {what} against {}", said.metric, said.against);
    };
    let head = format!("{} {} against {}", said.metric, percent(by), said.against);
    let Some(first) = movement.contributions.first().filter(|c| c.share > 0.0) else {
        return head;
    };
    let place = said
        .platform
        .map(|p| format!(" on {p}"))
        .unwrap_or_default();
    let whose = format!("{} = {}{place}", said.dimension, first.name);
    let why = if first.mix == 0.0 {
        ""
    } else if first.rate.abs() >= first.mix.abs() {
        ", mostly by its own rate"
    } else {
        ", mostly by its weight"
    };
    if first.share > 1.0 {
        return format!(
            "{head}; {whose} alone made {}{why}",
            percent(first.change / movement.before.abs())
        );
    }
    format!("{head}; {:.0} % of it is {whose}{why}", 100.0 * first.share)
}

/// A signed whole percentage with a true minus, with one place below ten.
fn percent(share: f64) -> String {
    let value = 100.0 * share;
    let places = usize::from(value.abs() < 9.95);
    let sign = if value < 0.0 { "−" } else { "+" };
    format!("{sign}{:.places$} %", value.abs())
}

#[cfg(test)]
mod tests {
    use super::super::{Part, decompose};
    use super::*;

    const SAID: Said<'_> = Said {
        metric: "Revenue",
        against: "last week",
        dimension: "campaign_type",
        platform: Some("bizoholic"),
    };

    /// Name, before, after, and what both are over.
    type Given<'a> = (&'a str, f64, f64, Option<(f64, f64)>);

    fn movement(parts: &[Given<'_>]) -> Movement {
        let parts: Vec<Part> = parts
            .iter()
            .map(|(name, before, after, over)| Part {
                name: (*name).to_owned(),
                before: *before,
                after: *after,
                over: *over,
            })
            .collect();
        decompose(&parts)
    }

    #[test]
    fn a_fall_names_its_largest_part() {
        let m = movement(&[
            ("search", 600.0, 472.0, None),
            ("social", 400.0, 348.0, None),
        ]);
        assert_eq!(
            sentence(&SAID, &m),
            "Revenue −18 % against last week; 71 % of it is campaign_type = search on bizoholic"
        );
    }

    #[test]
    fn a_part_that_moved_more_than_all_is_said_apart() {
        let m = movement(&[
            ("search", 600.0, 500.0, None),
            ("social", 400.0, 450.0, None),
        ]);
        assert_eq!(
            sentence(&SAID, &m),
            "Revenue −5.0 % against last week; campaign_type = search on bizoholic alone made −10 %"
        );
    }

    #[test]
    fn a_ratio_says_rate_or_weight() {
        let m = movement(&[
            ("a", 10.0, 20.0, Some((100.0, 100.0))),
            ("b", 5.0, 5.0, Some((100.0, 110.0))),
        ]);
        assert!(
            sentence(&SAID, &m).ends_with("mostly by its own rate"),
            "{}",
            sentence(&SAID, &m)
        );
    }

    #[test]
    fn zero_before_has_no_percentage() {
        assert_eq!(
            sentence(&SAID, &movement(&[("a", 0.0, 5.0, None)])),
            "Revenue came from zero against last week"
        );
    }
}
