//! One simulation from its options to its figures.

use std::time::Instant;

use crate::{
    fairness::Fairness,
    figures::{Cost, Figures},
    memory,
    on_sale::SimulatedOnSale,
    options::{ON_SALE_TIME, SimulationSetting},
    people::People,
};

/// Simulates the on-sale and judges it.
///
/// # Errors
/// The on-sale does not end, or the kernel does not tell how much memory was used.
pub(crate) fn simulate(setting: SimulationSetting) -> Result<Figures, String> {
    let began = Instant::now();
    let people = People::come(&setting);
    let people_s = began.elapsed().as_secs_f64();
    let mut fairness = Fairness::new(&people, setting.event.shards);
    let mut on_sale = SimulatedOnSale::new(&setting, &people);
    on_sale.run(|drawn, draws| fairness.saw(drawn, |line| draws.fans(line)))?;
    let (wait, wait_by_time_left) = on_sale.watchers.errors();
    let figures = Figures {
        passed: false,
        broken: Vec::new(),
        cost: Cost {
            peak_memory_bytes: memory::peak()?,
            people_s,
            on_sale_s: began.elapsed().as_secs_f64() - people_s,
        },
        lasted_s: on_sale.ended_at.since(ON_SALE_TIME) / 1000,
        sold_out: on_sale.sold_out,
        draws: on_sale.draws.counts.clone(),
        fairness: fairness.comparisons(),
        wait,
        wait_by_time_left,
        asked_as_told: std::mem::take(&mut on_sale.first_in_shop).compare(),
        polls: on_sale.polls.phases.clone(),
        turns: on_sale.turns.clone(),
        kept_for_nobody: on_sale.kept_for_nobody(),
        shop: on_sale.shop.counts.clone(),
        utilisation: on_sale.utilisation.clone(),
        late: on_sale.late.clone(),
        setting: setting.clone(),
    };
    Ok(figures.judged())
}

#[cfg(test)]
mod tests;
