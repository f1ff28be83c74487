//! The one door to an object's SQLite.
//!
//! An object runs one piece of code at a time, and only an await lets another piece in. Whatever is
//! written between two awaits is committed together, and nothing leaves the object (no answer, no
//! message to another object) before it is on disk: that is the runtime's output gate. So every
//! operation here is synchronous, each change of the objects is one [`Database::transaction`]
//! without an await inside, and an answer is never ahead of the disk.

use std::cell::Cell;

use serde::{Serialize, de::DeserializeOwned};
use stanchion_shared::timestamp::UnixMillis;
use worker::{
    Error, Result, SqlStorage, SqlStorageValue, State, Storage,
    js_sys::{Date, Function, Object, Reflect},
    wasm_bindgen::{JsCast, JsValue, closure::ScopedClosure},
};

use super::now;

/// One object's database. `kept` is a table that every schema has: values by name, as JSON.
pub(super) struct Database {
    sql: SqlStorage,
    storage: Storage,
    /// The instant for which this instance set the alarm last.
    alarm: Cell<Option<UnixMillis>>,
}

/// One row of an answer.
pub(super) struct Row(Vec<SqlStorageValue>);

impl Database {
    pub(super) fn new(state: &State) -> Database {
        let storage = state.storage();
        Database {
            sql: storage.sql(),
            storage,
            alarm: Cell::new(None),
        }
    }

    /// Whether the schema was never written: the object was asked for by a name that means nothing.
    pub(super) fn is_empty(&self) -> Result<bool> {
        let tables = self.rows("SELECT 1 FROM sqlite_master WHERE name = 'kept'", vec![])?;
        Ok(tables.is_empty())
    }

    /// Runs a statement that answers nothing, or a schema of several.
    pub(super) fn run(&self, statement: &str, values: Vec<SqlStorageValue>) -> Result<()> {
        self.sql.exec(statement, values).map(|_| ())
    }

    /// Runs a statement and reads all of its rows.
    pub(super) fn rows(&self, statement: &str, values: Vec<SqlStorageValue>) -> Result<Vec<Row>> {
        let cursor = self.sql.exec(statement, values)?;
        cursor.raw().map(|row| row.map(Row)).collect()
    }

    /// The first row, if there is any.
    pub(super) fn row(&self, statement: &str, values: Vec<SqlStorageValue>) -> Result<Option<Row>> {
        Ok(self.rows(statement, values)?.into_iter().next())
    }

    /// A kept value.
    pub(super) fn load<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        self.row("SELECT json FROM kept WHERE name = ?", vec![name.into()])?
            .map(|row| row.json(0))
            .transpose()
    }

    /// Keeps a value.
    pub(super) fn save<T: Serialize>(&self, name: &str, value: &T) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO kept (name, json) VALUES (?, ?)",
            vec![name.into(), json(value)],
        )
    }

    /// All of `work` or nothing: an error, and a panic too, takes back what it wrote. The caller
    /// must then forget what it holds in memory of it.
    pub(super) fn transaction<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let mut work = Some(work);
        let mut outcome = None;
        let mut run = || -> std::result::Result<(), JsValue> {
            let work = work.take().expect("the runtime calls back once");
            match work() {
                Ok(value) => {
                    outcome = Some(value);
                    Ok(())
                }
                Err(error) => Err(error.into()),
            }
        };
        let storage: &JsValue = self.storage.as_raw().as_ref();
        let transaction_sync: Function = Reflect::get(storage, &"transactionSync".into())?.dyn_into()?;
        {
            let callback =
                ScopedClosure::<dyn FnMut() -> std::result::Result<(), JsValue>>::borrow_mut_aborting(&mut run);
            transaction_sync.call1(storage, callback.as_js_value())?;
        }
        outcome.ok_or_else(|| Error::RustError("the transaction did not run".to_owned()))
    }

    /// Sets the object's alarm, in place of any other. Part of what is written between two awaits,
    /// like a row.
    ///
    /// An alarm may ring a moment before its instant. If it is then set for the same instant again,
    /// the runtime takes it for the one that is ringing, and forgets it. So it is never set for the
    /// instant for which it was set last, nor for one that has come.
    pub(super) fn set_alarm(&self, at: UnixMillis) -> Result<()> {
        let mut at = at.max(now().plus(1));
        if self.alarm.get() == Some(at) {
            at = at.plus(1);
        }
        self.alarm.set(Some(at));
        let no_options: Object = JsValue::UNDEFINED.unchecked_into();
        let date = Date::new(&JsValue::from_f64(at.0 as f64));
        // The promise only tells that it is on disk, which the output gate waits for anyway.
        let _on_disk = self.storage.as_raw().set_alarm(date, no_options)?;
        Ok(())
    }
}

impl Row {
    /// An integer. The tables have no negative ones.
    pub(super) fn integer(&self, column: usize) -> Result<u64> {
        match self.0.get(column) {
            Some(&SqlStorageValue::Integer(value)) if value >= 0 => Ok(value as u64),
            other => Err(unexpected("an integer", column, other)),
        }
    }

    /// A text.
    pub(super) fn text(&self, column: usize) -> Result<&str> {
        match self.0.get(column) {
            Some(SqlStorageValue::String(value)) => Ok(value),
            other => Err(unexpected("a text", column, other)),
        }
    }

    /// A text, or nothing.
    pub(super) fn optional_text(&self, column: usize) -> Result<Option<&str>> {
        match self.0.get(column) {
            Some(SqlStorageValue::Null) => Ok(None),
            _ => self.text(column).map(Some),
        }
    }

    /// Bytes.
    pub(super) fn bytes(&self, column: usize) -> Result<&[u8]> {
        match self.0.get(column) {
            Some(SqlStorageValue::Blob(value)) => Ok(value),
            other => Err(unexpected("bytes", column, other)),
        }
    }

    /// A value kept as JSON.
    pub(super) fn json<T: DeserializeOwned>(&self, column: usize) -> Result<T> {
        Ok(serde_json::from_slice(self.text(column)?.as_bytes())?)
    }
}

/// A number as a parameter. Ours stay far below 2^53, where JavaScript's numbers end; what may not
/// is kept as JSON.
pub(super) fn integer(value: impl Into<u64>) -> SqlStorageValue {
    SqlStorageValue::Integer(value.into() as i64)
}

/// A value as a parameter, as JSON.
pub(super) fn json<T: Serialize>(value: &T) -> SqlStorageValue {
    SqlStorageValue::String(serde_json::to_string(value).expect("kept values serialise"))
}

fn unexpected(wanted: &str, column: usize, found: Option<&SqlStorageValue>) -> Error {
    Error::RustError(format!(
        "the database has {found:?} in column {column} instead of {wanted}"
    ))
}
