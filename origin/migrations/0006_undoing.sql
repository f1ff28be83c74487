-- That an order is being undone is decided in PostgreSQL before its money is let go of: from then on nobody captures for
-- it, and whoever takes it over lets go of the money as well.

alter table orders add column undoing text;
alter table orders add column undoing_detail text check (undoing_detail is null or undoing is not null);
alter table orders add constraint orders_undone_is_not_confirmed check (undoing is null or status <> 'confirmed');
