-- Inserts seats of one section, in order. $1 venue id, $2 section code, $3 how many were inserted before, $4 ids, $5 row
-- labels, $6 numbers; the last three are arrays of equal length.
insert into seats (venue_id, section_code, ordinal, seat_id, row_label, number)
select $1, $2, $3 + seat.ordinal::integer, seat.seat_id, seat.row_label, seat.number
from unnest($4::text[], $5::text[], $6::integer[]) with ordinality as seat (seat_id, row_label, number, ordinal)
