//! Who is asking. The tenant comes from the credential and from nowhere else.

mod caller;
mod operator;

pub use caller::{Caller, Needs, ToAdmin, ToExport, ToIngest, ToRead};
pub use operator::Operator;
