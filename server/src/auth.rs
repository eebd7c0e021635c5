//! Who is asking. The tenant comes from the credential and from nowhere else.

mod caller;

pub use caller::{Caller, Needs, ToAdmin, ToExport, ToIngest, ToRead};
