//! How many connections are open at once, in all and of one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// The most there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caps {
    /// Connections in all.
    pub(crate) all: usize,
    /// Connections of one address; of IPv6, of one /64.
    pub(crate) of_one_address: usize,
}

/// Counts connections; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Open {
    caps: Caps,
    counts: Arc<Mutex<Counts>>,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    of: HashMap<IpAddr, usize>,
}

/// One connection; counts no more when dropped.
#[derive(Debug)]
pub(super) struct Place {
    open: Open,
    address: IpAddr,
}

impl Open {
    pub(super) fn new(caps: Caps) -> Self {
        Self {
            caps,
            counts: Arc::default(),
        }
    }

    /// A place for a connection of this address, if there is one.
    pub(super) fn take(&self, address: IpAddr) -> Option<Place> {
        let address = network(address);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let own = counts.of.get(&address).copied().unwrap_or_default();
        if counts.all >= self.caps.all || own >= self.caps.of_one_address {
            return None;
        }
        counts.all += 1;
        counts.of.insert(address, own + 1);
        Some(Place {
            open: self.clone(),
            address,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let counts = self.open.counts.lock();
        let mut counts = counts.unwrap_or_else(PoisonError::into_inner);
        counts.all -= 1;
        if let Some(own) = counts.of.get_mut(&self.address) {
            *own -= 1;
            if *own == 0 {
                counts.of.remove(&self.address);
            }
        }
    }
}

/// Who has one IPv6 address has all of its /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_share_and_all_have_theirs() {
        let open = Open::new(Caps {
            all: 3,
            of_one_address: 2,
        });
        let [one, two, three]: [IpAddr; 3] =
            [[10, 0, 0, 1], [10, 0, 0, 2], [10, 0, 0, 3]].map(IpAddr::from);
        let first = open.take(one);
        let second = open.take(one);
        assert!(first.is_some() && second.is_some() && open.take(one).is_none());
        let third = open.take(two);
        assert!(third.is_some() && open.take(three).is_none());
        drop(first);
        assert!(open.take(three).is_some());
        drop((second, third));
        let counts = open.counts.lock().expect("no panic");
        assert_eq!((counts.all, counts.of.len()), (0, 0));
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let of = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:1:2:3::1"), of("2001:db8:1:2:4::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
    }
}
