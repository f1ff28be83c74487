//! A small on-sale by a fixed seed: what the large one prints must hold here, too, and the bounds must be able to break.

use clap::Parser;
use stanchion_shared::{draw::record::Line, ids::Tier, polling::POLLS_PER_SECOND};

use super::*;
use crate::{
    draws::{CLOSING_MS, Draws},
    fairness::ComparedWith,
    figures::MOST_MEDIAN_ERROR,
    options::SimulateOptions,
    polls::PollPhase,
};

fn setting(options: &[&str]) -> SimulationSetting {
    let of_few: Vec<&str> = ["--fans", "20000"].iter().chain(options).copied().collect();
    setting_of(&of_few)
}

fn setting_of(options: &[&str]) -> SimulationSetting {
    let line = ["stanchion-simulator"].iter().chain(options);
    SimulationSetting::of(&SimulateOptions::parse_from(line)).unwrap()
}

fn simulated(options: &[&str]) -> Figures {
    simulate(setting(options)).unwrap()
}

#[test]
fn twenty_thousand_fans_are_drawn_fairly_and_told_their_wait_rightly() {
    let figures = simulated(&["--seed", "7"]);
    assert_eq!(figures.broken, Vec::<String>::new());
    assert!(figures.passed && figures.sold_out);
    assert_eq!(figures.shop.seats_sold, figures.setting.seats);
    let wait = figures.wait.as_ref().expect("some waited for more than five minutes");
    assert!(wait.count > 10_000 && wait.median <= MOST_MEDIAN_ERROR, "{wait:?}");
    // Every tier of the first draw against three things, and all later draws together.
    assert_eq!(figures.fairness.len(), 4 * 3);
    assert!(
        figures.draws.draws > 100 && figures.late.fans > 1_000,
        "{:?} {:?}",
        figures.draws,
        figures.late
    );
    assert!(
        figures.turns.walked_away > 0 && figures.turns.too_late > 0,
        "{:?}",
        figures.turns
    );
}

#[test]
fn under_the_former_law_pages_go_on_asking_after_the_end() {
    let asked_after_the_end = |law| {
        let figures = simulated(&["--poll-law", law, "--seed", "3"]);
        let sold_out = figures.polls.iter().find(|one| one.phase == PollPhase::SoldOut);
        sold_out.unwrap().polls
    };
    let (former, present) = (asked_after_the_end("former"), asked_after_the_end("present"));
    assert!(former > 3 * present, "{former} and {present}");
}

#[test]
fn the_same_seed_gives_the_same_on_sale_and_another_does_not() {
    let told = |seed| {
        let figures = simulated(&["--seed", seed]);
        serde_json::to_string(&(
            figures.fairness,
            figures.wait,
            figures.turns,
            figures.shop,
            figures.polls,
        ))
        .unwrap()
    };
    let first = told("1");
    assert_eq!(first, told("1"));
    assert_ne!(first, told("2"));
}

#[test]
fn with_seats_for_everybody_the_whole_line_is_served() {
    let figures = simulated(&["--seats", "100000", "--most-shoppers", "500", "--rate", "10"]);
    assert_eq!(figures.broken, Vec::<String>::new());
    assert!(!figures.sold_out);
    assert_eq!(figures.turns.came, 20_000);
    let (turns, shop) = (&figures.turns, &figures.shop);
    assert_eq!(turns.came, turns.walked_away + turns.too_late + shop.admitted);
    assert_eq!(
        shop.admitted,
        shop.bought + shop.dawdled + shop.went_empty + shop.looked
    );
}

#[test]
fn every_bound_can_break() {
    let good = simulated(&["--seed", "7"]);
    let broken = |change: fn(&mut Figures)| {
        let mut figures = good.clone();
        change(&mut figures);
        figures.judged().broken.len()
    };
    assert_eq!(broken(|_| ()), 0);
    for (name, change) in [
        ("places", (|figures| figures.draws.places_wrong = 1) as fn(&mut Figures)),
        ("chi-square", |figures| {
            figures.fairness[0].chi_square_chance = Some(1e-7)
        }),
        ("correlation", |figures| figures.fairness[0].correlation_chance = 1e-7),
        ("wait", |figures| figures.wait.as_mut().unwrap().median = 0.201),
        ("an empty shop", |figures| figures.utilisation.mean = 0.84),
        ("a crowded shop", |figures| figures.utilisation.most_shoppers = 106),
        ("polls", |figures| figures.polls[0].most = POLLS_PER_SECOND + 1),
        ("who is in first", |figures| {
            let asked = figures.asked_as_told.as_mut().unwrap();
            asked.of_first_in = asked.of_first_drawn - asked.bound * 1.01;
        }),
        ("seats", |figures| figures.shop.seats_sold += 1),
        ("latecomers", |figures| figures.late.longest_s = 7.1),
    ] {
        assert_eq!(broken(change), 1, "{name}");
    }
}

/// Many where the compiler makes it quick.
const CROWD: &str = if cfg!(debug_assertions) { "200000" } else { "1000000" };

#[test]
fn in_a_large_crowd_nobody_is_in_first_by_asking_more_often_and_all_phases_keep_the_budget() {
    let options = ["--fans", CROWD, "--rate", "2000", "--most-shoppers", "20000"];
    let figures = simulate(setting_of(&options)).unwrap();
    // So short an on-sale says nothing of waits; of everything else it does.
    let of_waits = |broken: &&String| broken.contains("median error of the wait");
    assert_eq!(figures.broken.iter().find(|broken| !of_waits(broken)), None);
    let phases: Vec<PollPhase> = figures.polls.iter().map(|one| one.phase).collect();
    for phase in [
        PollPhase::PreQueue,
        PollPhase::Drawing,
        PollPhase::OnSale,
        PollPhase::Stopped,
        PollPhase::Paused,
        PollPhase::SoldOut,
    ] {
        assert!(phases.contains(&phase), "{phase:?}");
    }
    let asked = figures.asked_as_told.as_ref().unwrap();
    assert_eq!(asked.compared, 10_000);
    let after_the_end = figures
        .polls
        .iter()
        .find(|one| one.phase == PollPhase::SoldOut)
        .unwrap();
    let crowd: u64 = CROWD.parse().unwrap();
    assert!(after_the_end.polls <= crowd, "each page asks once more at the most");
}

#[test]
fn a_line_by_join_order_by_shard_or_by_account_is_found_unfair() {
    let setting = setting(&[]);
    let people = People::come(&setting);
    let drawn = Draws::new(&setting, &people)
        .close_due(ON_SALE_TIME.plus(CLOSING_MS))
        .unwrap();
    let in_join_order: Vec<u32> = people.joins[drawn.joins.clone()]
        .iter()
        .map(|join| join.fan())
        .collect();
    let by = |against: ComparedWith| {
        let mut fans = in_join_order.clone();
        match against {
            ComparedWith::JoinOrder => {}
            ComparedWith::Shard => fans.sort_by_key(|&fan| people.tags[fan as usize].shard(setting.event.shards)),
            ComparedWith::AccountOrder => fans.sort_unstable(),
        }
        // Tiers stand one behind the other in any line, and suspects in one of their own.
        fans.sort_by_key(|&fan| people.tiers[fan as usize]);
        let first_line = fans.partition_point(|&fan| people.tiers[fan as usize] < Tier::Suspect);
        let suspects = fans.split_off(first_line);
        (fans, suspects)
    };
    for against in [ComparedWith::JoinOrder, ComparedWith::Shard, ComparedWith::AccountOrder] {
        let mut fairness = Fairness::new(&people, setting.event.shards);
        let (first, second) = by(against);
        fairness.saw(&drawn, |line| match line {
            Line::First => &first,
            Line::Second => &second,
        });
        let found: Vec<_> = fairness
            .comparisons()
            .into_iter()
            .filter(|one| one.against == against)
            .collect();
        assert_eq!(found.len(), 3, "one for each tier");
        assert!(found.iter().all(|one| !one.is_fair()), "{found:?}");
    }
}
