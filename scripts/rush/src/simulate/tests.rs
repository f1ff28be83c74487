//! A small on-sale by a fixed seed: what the large one prints must hold here, too, and the bounds must be able to break.

use clap::Parser;

use super::{
    figures::{Figures, MOST_MEDIAN_ERROR},
    *,
};
use crate::options::{Command, Options};

fn simulated(options: &[&str]) -> Figures {
    let line = ["stanchion-rush", "simulate", "--fans", "20000"].iter().chain(options);
    let Command::Simulate(options) = Options::parse_from(line).command else {
        panic!("another command");
    };
    figures(Setting::of(&options).unwrap()).unwrap()
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
fn the_same_seed_gives_the_same_on_sale_and_another_does_not() {
    let told = |seed| {
        let figures = simulated(&["--seed", seed]);
        serde_json::to_string(&(figures.fairness, figures.wait, figures.turns, figures.shop)).unwrap()
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
        ("a crowded shop", |figures| figures.utilisation.most_shoppers = 111),
        ("seats", |figures| figures.shop.seats_sold += 1),
        ("latecomers", |figures| figures.late.longest_s = 7.1),
    ] {
        assert_eq!(broken(change), 1, "{name}");
    }
}
