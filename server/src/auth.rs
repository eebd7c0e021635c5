//! Who is asking. The tenant comes from the credential and from nowhere else;
//! only a platform key chooses one, among those it was made for.

mod caller;
mod credential;
mod identity;
pub mod jwt;
mod kept;
mod operator;
mod seal;
pub(crate) mod session;

pub use caller::{
    Caller, Needs, OpenTo, ToAdmin, ToExport, ToIngest, ToRead, ToReadAll, ToShow, ToView,
};
pub use identity::Identity;
pub(crate) use kept::{CredentialIn, Kept};
pub use operator::Operator;
pub use seal::Seal;
