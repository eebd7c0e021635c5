#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;

const GIB: u64 = 1 << 30;

fn room(slots: [usize; 3], memory_bytes: u64) -> Room {
    Room {
        slots,
        memory_bytes,
        may_wait: 100_000,
    }
}

fn wish(tenant: &str, memory_bytes: u64) -> Wish {
    Wish {
        tenant: TenantId::new(tenant).unwrap(),
        at_once: 64,
        memory_bytes,
        may_wait: 10_000,
    }
}

/// 64 tenants, of which some have a hundred times as much waiting as others,
/// and queries that take long and short: while all have something waiting,
/// turns differ by one at most, whatever the seed.
#[test]
fn sixty_four_tenants_at_once_keep_within_half_as_much_again() {
    for seed in 0..50 {
        let mut random = StdRng::seed_from_u64(seed);
        let slots = random.random_range(2..9);
        let mut turns = Turns::new(&room([1, slots, 1], 64 * GIB));
        let mut waiting: BTreeMap<String, u32> = BTreeMap::new();
        for tenant in 0..64 {
            let name = format!("t{tenant}");
            let many = match tenant % 4 {
                0 => 2_000,
                _ => random.random_range(20..40),
            };
            for _ in 0..many {
                turns.ask(Class::Sql, wish(&name, GIB)).unwrap();
            }
            waiting.insert(name, many);
        }
        let mut had: BTreeMap<String, u32> = BTreeMap::new();
        let mut running = Vec::new();
        while waiting.values().all(|left| *left > 0) {
            for ticket in turns.begin() {
                let tenant = turns.tickets[&ticket].wish.tenant.to_string();
                *had.entry(tenant.clone()).or_default() += 1;
                *waiting.get_mut(&tenant).unwrap() -= 1;
                running.push(ticket);
            }
            // Any of them ends next.
            let ended = running.swap_remove(random.random_range(0..running.len()));
            turns.leave(ended);
        }
        let (least, most) = (had.values().min().unwrap(), had.values().max().unwrap());
        assert_eq!(had.len(), 64);
        assert!(
            f64::from(*most) <= 1.5 * f64::from(*least) && most - least <= 1,
            "seed {seed}: {least} to {most}"
        );
    }
}

#[test]
fn whatever_is_asked_and_left_no_bound_is_passed_and_nothing_is_lost() {
    for seed in 0..50 {
        let mut random = StdRng::seed_from_u64(seed);
        let room = room([2, 4, 1], 8 * GIB);
        let mut turns = Turns::new(&room);
        let (mut waits, mut runs) = (Vec::new(), Vec::new());
        for _ in 0..2_000 {
            match random.random_range(0..4) {
                0 | 1 => {
                    let class = Class::ALL[random.random_range(0..3)];
                    let name = format!("t{}", random.random_range(0..5));
                    let memory = random.random_range(1..12) * GIB;
                    let at_once = random.random_range(1..4);
                    let wish = Wish {
                        at_once,
                        ..wish(&name, memory)
                    };
                    waits.push(turns.ask(class, wish).unwrap());
                }
                2 if !waits.is_empty() => {
                    let gone: Ticket = waits.swap_remove(random.random_range(0..waits.len()));
                    turns.leave(gone);
                }
                _ if !runs.is_empty() => {
                    let gone: Ticket = runs.swap_remove(random.random_range(0..runs.len()));
                    turns.leave(gone);
                }
                _ => {}
            }
            let begun = turns.begin();
            waits.retain(|ticket| !begun.contains(ticket));
            runs.extend(begun);
            for (lane, slots) in turns.lanes.iter().zip(room.slots) {
                assert!(lane.running <= slots);
                assert_eq!(lane.running_of.values().sum::<usize>(), lane.running);
            }
            let held: u64 = runs
                .iter()
                .map(|t| turns.tickets[t].wish.memory_bytes)
                .sum();
            assert_eq!(held + turns.memory_left, room.memory_bytes);
            assert_eq!(turns.waiting, waits.len());
        }
        // Everything that waits comes to its turn.
        while let Some(ticket) = runs.pop() {
            turns.leave(ticket);
            let begun = turns.begin();
            waits.retain(|ticket| !begun.contains(ticket));
            runs.extend(begun);
        }
        assert_eq!((waits.len(), turns.tickets.len()), (0, 0), "seed {seed}");
        assert!(turns.lanes.iter().all(|lane| lane.order.is_empty()));
    }
}

#[test]
fn one_tenant_leaves_half_of_the_slots_and_its_plan_bounds_it_below() {
    let mut turns = Turns::new(&room([4, 4, 1], 64 * GIB));
    for _ in 0..10 {
        turns.ask(Class::Sql, wish("flood", GIB)).unwrap();
    }
    assert_eq!(turns.begin().len(), 2);
    let quiet = turns.ask(Class::Sql, wish("quiet", GIB)).unwrap();
    assert_eq!(turns.begin(), [quiet], "at once, past nine that wait");
    let small = Wish {
        at_once: 1,
        ..wish("small", GIB)
    };
    let first = turns.ask(Class::Dashboard, small.clone()).unwrap();
    turns.ask(Class::Dashboard, small).unwrap();
    assert_eq!(turns.begin(), [first]);
}

#[test]
fn a_query_that_does_not_fit_waits_and_is_not_passed_by_smaller_ones() {
    let mut turns = Turns::new(&room([4, 8, 2], 4 * GIB));
    let first = turns.ask(Class::Sql, wish("a", 3 * GIB)).unwrap();
    assert_eq!(turns.begin(), [first]);
    let large = turns.ask(Class::Sql, wish("b", 9 * GIB)).unwrap();
    let small = turns.ask(Class::Sql, wish("c", GIB)).unwrap();
    assert!(turns.begin().is_empty(), "memory is kept for the large one");
    let board = turns.ask(Class::Dashboard, wish("d", GIB)).unwrap();
    assert_eq!(turns.begin(), [board], "dashboards come first");
    turns.leave(board);
    turns.leave(first);
    assert_eq!(turns.begin(), [large], "alone, larger than all there is");
    turns.leave(large);
    assert_eq!(turns.begin(), [small]);
}

#[test]
fn lines_have_an_end_for_one_and_for_all() {
    let mut turns = Turns::new(&Room {
        may_wait: 3,
        ..room([1, 1, 1], GIB)
    });
    let short = |name: &str| Wish {
        may_wait: 2,
        ..wish(name, 1)
    };
    turns.ask(Class::Sql, short("a")).unwrap();
    let second = turns.ask(Class::Sql, short("a")).unwrap();
    assert_eq!(turns.ask(Class::Sql, short("a")), Err(Full::Tenant));
    turns.ask(Class::Sql, short("b")).unwrap();
    assert_eq!(turns.ask(Class::Sql, short("c")), Err(Full::All));
    turns.leave(second);
    assert_eq!(turns.of(Class::Sql, &short("a").tenant), (0, 1));
    turns.ask(Class::Sql, short("c")).unwrap();
}
