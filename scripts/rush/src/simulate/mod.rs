//! `simulate`: a whole on-sale without a network, in one process, by the rules in `shared/`: draws with digests and records,
//! the schedule, the meter with its memory, standings and polls. What the rules leave open, fans' behaviour, is in
//! [`people`] and [`shop`].
//!
//! A map: [`options`] says what, [`people`] who; [`on_sale`] runs it second by second with [`draws`], [`shop`] and
//! [`waits`]; [`fairness`] and [`late`] look on; [`figures`] judges and tells.

mod draws;
mod fairness;
mod figures;
mod late;
mod memory;
mod on_sale;
mod options;
mod people;
mod shop;
#[cfg(test)]
mod tests;
mod waits;

use std::time::Instant;

pub(crate) use options::SimulateOptions;

use self::{
    fairness::Fairness,
    figures::{Cost, Figures},
    on_sale::OnSale,
    options::{ON_SALE_TIME, Setting},
    people::People,
};
use crate::{
    display::show,
    run::{RunError, write_json},
};

/// The whole simulation; true if every bound held.
pub(crate) fn simulate(options: &SimulateOptions) -> Result<bool, RunError> {
    let setting = Setting::of(options).map_err(RunError::Setting)?;
    let figures = figures(setting).map_err(RunError::Setting)?;
    show(&figures.text());
    write_json(options.report.as_deref(), &figures)?;
    Ok(figures.passed)
}

fn figures(setting: Setting) -> Result<Figures, String> {
    let began = Instant::now();
    let people = People::come(&setting);
    let people_s = began.elapsed().as_secs_f64();
    let mut fairness = Fairness::new(&people, setting.put.shards);
    let mut on_sale = OnSale::new(&setting, &people);
    on_sale.run(|drawn, line| fairness.saw(drawn, line))?;
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
        polls: on_sale.watchers.polls,
        turns: on_sale.turns.clone(),
        kept_for_nobody: on_sale.kept_for_nobody(),
        shop: on_sale.shop.counts.clone(),
        utilisation: on_sale.utilisation.clone(),
        late: on_sale.late.clone(),
        setting: setting.clone(),
    };
    Ok(figures.judged())
}
