//! The candidates: what each forecasts from, and which a series is given.
//!
//! A candidate is a plain function from values to a path. One that has too few
//! values, or fails, returns nothing and leaves the pool.

mod autoregression;
mod decomposed;
mod smoothing;
mod window;

use autoregression::{Basis, autoregression};
pub(crate) use smoothing::slope_of_line;

use super::season::Seasons;

const DAYS_OF_WEEK: usize = 7;
const DAYS_OF_YEAR: usize = 365;

/// What candidates forecast from: values without gaps up to an origin.
#[derive(Debug)]
pub(crate) struct Task<'a> {
    /// The values, oldest first, at least one.
    y: &'a [f64],
    /// Calendar periods that `y` holds at least twice, ascending.
    periods: Vec<usize>,
    /// The period that "last week repeated" repeats, at least 1.
    naive_period: usize,
    /// Steps to forecast.
    horizon: usize,
    plain: View,
    /// The same with a year of days beside the week.
    yearly: Option<View>,
    /// The same of the logarithms, where all values are positive.
    logs: Option<View>,
}

/// Values and what is left of them without their seasons.
#[derive(Debug)]
struct View {
    seasons: Seasons,
    adjusted: Vec<f64>,
}

impl View {
    fn of(y: &[f64], periods: &[usize]) -> Self {
        let seasons = Seasons::fit(y, periods);
        let adjusted = seasons.remove(y);
        Self { seasons, adjusted }
    }

    fn with(&self, model: impl FnOnce(&[f64]) -> Option<Vec<f64>>) -> Option<Vec<f64>> {
        let mut path = model(&self.adjusted)?;
        self.seasons.restore(&mut path, self.adjusted.len());
        Some(path)
    }
}

impl<'a> Task<'a> {
    pub(crate) fn new(
        y: &'a [f64],
        periods: &[usize],
        naive_period: usize,
        horizon: usize,
    ) -> Self {
        let periods: Vec<usize> = periods
            .iter()
            .copied()
            .filter(|&p| p > 1 && y.len() >= 2 * p)
            .collect();
        let plain = View::of(y, &periods);
        let logs = y.iter().all(|v| *v > 0.0).then(|| {
            let logs: Vec<f64> = y.iter().map(|v| v.ln()).collect();
            View::of(&logs, &periods)
        });
        let yearly = (naive_period == DAYS_OF_WEEK && y.len() >= 2 * DAYS_OF_YEAR)
            .then(|| View::of(y, &[DAYS_OF_WEEK, DAYS_OF_YEAR]));
        Self {
            y,
            periods,
            naive_period,
            horizon,
            plain,
            yearly,
            logs,
        }
    }

    /// Steps to forecast.
    pub(crate) fn horizon(&self) -> usize {
        self.horizon
    }

    /// A step further from zero than this is no forecast but an explosion.
    pub(crate) fn reach(&self) -> f64 {
        let (low, high) = self
            .y
            .iter()
            .fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
        low.abs().max(high.abs()) * 1.001 + 5.0 * (high - low)
    }

    /// Whether there is enough to tell a trend from a season: three cycles, or
    /// thirty values.
    fn holds_a_trend(&self) -> bool {
        self.y.len() >= (3 * self.naive_period).clamp(8, 30)
    }

    fn on_logs(&self, model: impl FnOnce(&[f64]) -> Option<Vec<f64>>) -> Option<Vec<f64>> {
        Some(
            self.logs
                .as_ref()?
                .with(model)?
                .into_iter()
                .map(f64::exp)
                .collect(),
        )
    }
}

/// One way to forecast.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    /// The name that a forecast tells.
    pub(crate) name: &'static str,
    /// Whether it is too slow for all origins of the backtest.
    pub(crate) slow: bool,
    /// The forecast.
    pub(crate) path: fn(&Task<'_>) -> Option<Vec<f64>>,
}

/// "Last week repeated": what all are measured against.
pub(crate) const NAIVE: Candidate = Candidate {
    name: "seasonal_naive",
    slow: false,
    path: |t| window::seasonal_naive(t.y, t.naive_period, t.horizon),
};

/// All candidates.
pub(crate) const CANDIDATES: &[Candidate] = &[
    NAIVE,
    Candidate {
        name: "window_mean",
        slow: false,
        path: |t| {
            let period = t.periods.last().copied().unwrap_or(t.naive_period);
            window::decayed_mean(t.y, period, 12, 0.8, t.horizon)
        },
    },
    Candidate {
        name: "level",
        slow: false,
        path: |t| t.plain.with(|y| smoothing::simple(y, t.horizon)),
    },
    Candidate {
        name: "theta",
        slow: false,
        path: |t| {
            t.holds_a_trend()
                .then(|| t.plain.with(|y| smoothing::theta(y, t.horizon)))?
        },
    },
    Candidate {
        name: "theta_log",
        slow: false,
        path: |t| {
            t.holds_a_trend()
                .then(|| t.on_logs(|y| smoothing::theta(y, t.horizon)))?
        },
    },
    Candidate {
        name: "damped_holt",
        slow: false,
        path: |t| {
            t.holds_a_trend()
                .then(|| t.plain.with(|y| smoothing::damped_holt(y, t.horizon)))?
        },
    },
    Candidate {
        name: "damped_holt_log",
        slow: false,
        path: |t| {
            t.holds_a_trend()
                .then(|| t.on_logs(|y| smoothing::damped_holt(y, t.horizon)))?
        },
    },
    Candidate {
        name: "autoregression",
        slow: false,
        path: |t| {
            t.plain
                .with(|y| autoregression(y, &t.periods, t.horizon, 0.001, Basis::Values))
        },
    },
    Candidate {
        name: "autoregression_log",
        slow: false,
        path: |t| t.on_logs(|y| autoregression(y, &t.periods, t.horizon, 0.001, Basis::Values)),
    },
    Candidate {
        name: "autoregression_steps",
        slow: false,
        path: |t| {
            t.plain
                .with(|y| autoregression(y, &t.periods, t.horizon, 0.005, Basis::Steps))
        },
    },
    Candidate {
        name: "autoregression_raw",
        slow: false,
        path: |t| autoregression(t.y, &t.periods, t.horizon, 0.001, Basis::Values),
    },
    Candidate {
        name: "mstl_ets",
        slow: true,
        path: |t| decomposed::mstl(t.y, &t.periods, t.horizon),
    },
    Candidate {
        name: "theta_year",
        slow: false,
        path: |t| t.yearly.as_ref()?.with(|y| smoothing::theta(y, t.horizon)),
    },
    Candidate {
        name: "mstl_ets_year",
        slow: true,
        path: |t| {
            t.yearly.as_ref()?;
            decomposed::mstl(t.y, &[DAYS_OF_WEEK, DAYS_OF_YEAR], t.horizon)
        },
    },
    Candidate {
        name: "ets",
        slow: true,
        path: |t| {
            if t.periods.is_empty() {
                decomposed::ets(t.y, t.horizon)
            } else {
                None
            }
        },
    },
];
