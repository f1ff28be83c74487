-- All orders of all events: the gateway's ledger is about all of them.
select order_id::text, event_id, account_id, status, total, currency from orders;
