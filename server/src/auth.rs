//! Who is asking. The tenant comes from the credential and from nowhere else.

mod caller;
mod identity;
mod operator;

pub use caller::{Caller, Needs, ToAdmin, ToExport, ToIngest, ToRead};
pub use identity::Identity;
pub use operator::Operator;
