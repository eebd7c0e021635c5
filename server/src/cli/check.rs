//! `tessera check`: is everything there that the catalog names, and nothing else?

use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;
use engine::maintain::check::{
    CheckOptions, CheckReport, Depth, Finding, FindingKind, Lost, Repair,
};
use engine::{Result, TenantId};

use super::progress::Bar;
use super::{Output, Place};

/// Something is wrong, and nothing was done about it.
const FINDINGS: u8 = 1;
/// It could not be checked.
const UNCHECKED: u8 = 2;

#[derive(Args)]
pub(super) struct Check {
    /// The only tenant to look at.
    #[arg(long, value_name = "T")]
    tenant: Option<TenantId>,
    /// Read every byte: checksums, statistics and roll-ups, too.
    #[arg(long)]
    deep: bool,
    /// Make wrong roll-ups and statistics again from the rows, and delete
    /// objects that nothing names and that are two hours old.
    #[arg(long)]
    repair: bool,
    /// Bring missing and damaged objects back from these backups.
    #[arg(long, value_name = "URL|DIR", requires = "repair")]
    from: Option<String>,
    /// Take files whose rows cannot be had out of the catalog: their rows are
    /// gone for good.
    #[arg(long, requires = "repair")]
    drop_lost: bool,
}

impl Check {
    /// 0: nothing is wrong, or all was mended; 1: something is; 2: not checked.
    pub(super) async fn run(self, place: &Place, output: Output) -> ExitCode {
        match self.check(place, output).await {
            Ok(report) => {
                output.say(text(&report), &report);
                match report.left {
                    0 => ExitCode::SUCCESS,
                    _ => ExitCode::from(FINDINGS),
                }
            }
            Err(error) => {
                output.failure(&error);
                ExitCode::from(UNCHECKED)
            }
        }
    }

    async fn check(self, place: &Place, output: Output) -> Result<CheckReport> {
        let options = CheckOptions {
            tenant: self.tenant,
            depth: match self.deep {
                true => Depth::Bytes,
                false => Depth::Sizes,
            },
            repair: match self.repair {
                false => Repair::Nothing,
                true => Repair::Mend {
                    from: self.from,
                    lost: match self.drop_lost {
                        true => Lost::Drop,
                        false => Lost::Keep,
                    },
                },
            },
        };
        let engine = place.open().await?;
        let checked = engine.check(&options, &Bar::new(output)).await;
        engine.shutdown().await?;
        checked
    }
}

fn text(report: &CheckReport) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let _ = writeln!(text, "{}", line(finding));
    }
    let named = report.findings.len() as u64;
    let found: u64 = report.counts.values().sum();
    if found > named {
        let _ = writeln!(text, "… and {} more", found - named);
    }
    let _ = write!(
        text,
        "checked {} files and {} objects of {} tenants: ",
        report.files, report.objects, report.tenants
    );
    if found == 0 {
        text.push_str("nothing is wrong");
        return text;
    }
    let count = |(kind, count): (&FindingKind, &u64)| format!("{count} {}", kind.name());
    let counts: Vec<String> = report.counts.iter().map(count).collect();
    let _ = write!(text, "{}; {} left", counts.join(", "), report.left);
    if report.rows_dropped > 0 {
        let _ = write!(text, "; {} rows were given up", report.rows_dropped);
    }
    text
}

fn line(finding: &Finding) -> String {
    let Finding {
        kind,
        tenant,
        key,
        what,
        ..
    } = finding;
    let end = match (&finding.repaired, &finding.not_repaired) {
        (Some(done), _) => format!("repaired: {done}"),
        (None, Some(why)) => format!("not repaired: {why}; {}", finding.what_to_do),
        (None, None) => finding.what_to_do.to_owned(),
    };
    format!("{} {tenant} {key}: {what} ({end})", kind.name())
}
