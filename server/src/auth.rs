//! Who is asking. The tenant comes from the credential and from nowhere else.

mod caller;
mod seal;
pub(crate) mod session;

pub use seal::Seal;

pub use caller::{Caller, Needs, ToAdmin, ToExport, ToIngest, ToRead};
