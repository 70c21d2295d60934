/** A name that may stand in SQL as it is: checked where options are read. */
const named = (sql: string, prefix: string): string => sql.replaceAll('parapet_guard', prefix)

/**
 * Values are ordinary rows, so that sessions outlive a crash; counts are unlogged: a crash empties them, which writing each of them to the
 * log would not be worth. Autovacuum finds little to do, since pages keep room for new versions of a row.
 */
const TABLES = `
create table if not exists parapet_guard_values (
  key text primary key,
  value text not null,
  version bigint not null,
  in_group text,
  expires_at timestamptz not null
) with (fillfactor = 70);
create index if not exists parapet_guard_values_group on parapet_guard_values (in_group) where in_group is not null;
create index if not exists parapet_guard_values_expires on parapet_guard_values (expires_at);
create sequence if not exists parapet_guard_version;
create unlogged table if not exists parapet_guard_limits (
  key text primary key,
  a bigint not null default 0,
  b bigint not null default 0,
  c bigint not null default 0,
  leases text[] not null default '{}',
  ends bigint[] not null default '{}',
  expires_at bigint not null default 0
) with (fillfactor = 50);
create index if not exists parapet_guard_limits_expires on parapet_guard_limits (expires_at);
`

/**
 * Judges and counts in one statement; the arithmetic is that of `limiter/rules.ts`. Rows are locked in the order of their keys, so that
 * two calls never wait for each other, and the time is read when all are locked.
 */
const TAKE = `
create or replace function parapet_guard_judge(
  kind text, win bigint, lim bigint, rate bigint, cost bigint, now_ms bigint, lease text, row_in parapet_guard_limits,
  out limited boolean, out remaining bigint, out reset_ms bigint, out retry_ms bigint, out row_out parapet_guard_limits, out changed boolean
) language plpgsql stable as $$
declare
  live boolean := row_in.expires_at > 0;
  depth bigint := lim * win;
  ahead bigint := 0;
  wanted bigint;
  started bigint;
  cur bigint := 0;
  prev bigint := 0;
  gone bigint;
  room bigint;
  free bigint;
  later bigint;
  share bigint := 0;
  soonest bigint;
begin
  limited := false; remaining := 0; retry_ms := 0; reset_ms := 0; changed := false; row_out := row_in;
  if kind = 'gcra' then
    if live then
      -- in numeric: a clock that was set back by years must not overflow
      ahead := least(greatest((row_in.a - now_ms)::numeric * rate + row_in.b, 0), depth)::bigint;
      changed := (row_in.a - now_ms)::numeric * rate + row_in.b > depth;
    end if;
    wanted := ahead + cost * win;
    limited := wanted > depth;
    if limited then
      reset_ms := (ahead + rate - 1) / rate;
      retry_ms := (wanted - depth + rate - 1) / rate;
      wanted := ahead;
    else
      reset_ms := (wanted + rate - 1) / rate;
      remaining := (depth - wanted) / win;
      changed := changed or cost > 0;
    end if;
    row_out.a := now_ms + wanted / rate;
    row_out.b := wanted % rate;
    row_out.expires_at := now_ms + (wanted + rate - 1) / rate;
  elsif kind = 'fixed_window' then
    started := now_ms;
    if live and now_ms < row_in.a + win then
      started := least(row_in.a, now_ms);
      cur := row_in.b;
      changed := row_in.a > now_ms;
    end if;
    reset_ms := started + win - now_ms;
    limited := cur + cost > lim;
    if limited then
      retry_ms := reset_ms;
    else
      remaining := lim - cur - cost;
      cur := cur + cost;
      changed := changed or cost > 0;
    end if;
    row_out.a := started; row_out.b := cur; row_out.expires_at := started + win;
    if cur = 0 and not limited then reset_ms := 0; end if;
  elsif kind = 'sliding_window' then
    gone := now_ms % win;
    started := now_ms - gone;
    if live and row_in.a >= started then
      cur := row_in.b; prev := row_in.c;
      changed := row_in.a > started;
    elsif live and row_in.a = started - win then
      prev := row_in.b;
    end if;
    reset_ms := case when cur > 0 then 2 * win - gone when prev > 0 then win - gone else 0 end;
    room := lim - cur - cost;
    free := room * win - prev * (win - gone);
    limited := free < 0;
    if not limited then
      remaining := free / win;
      cur := cur + cost;
      changed := changed or cost > 0;
      if cost > 0 then reset_ms := 2 * win - gone; end if;
    elsif room >= 0 then
      retry_ms := win - room * win / prev - gone;
    else
      later := lim - cost;
      if later >= 0 and cur > 0 then share := least(win, later * win / cur); end if;
      retry_ms := 2 * win - share - gone;
    end if;
    row_out.a := started; row_out.b := cur; row_out.c := prev; row_out.expires_at := started + 2 * win;
  else
    select coalesce(array_agg(l order by e), '{}'), coalesce(array_agg(e order by e), '{}'), min(e) into row_out.leases, row_out.ends, soonest
      from unnest(row_in.leases, row_in.ends) as held (l, e) where e > now_ms and (cost = 0 or l <> lease);
    cur := cardinality(row_out.leases);
    limited := cur + cost > lim;
    if limited then
      reset_ms := case when cur > 0 then win else 0 end;
      retry_ms := greatest(1, least(1000, soonest - now_ms));
    else
      remaining := lim - cur - cost;
      reset_ms := case when cur + cost > 0 then win else 0 end;
      changed := cost > 0;
      if changed then
        row_out.leases := row_out.leases || lease;
        row_out.ends := row_out.ends || (now_ms + win);
        row_out.expires_at := now_ms + win;
      end if;
    end if;
  end if;
end $$;

create or replace function parapet_guard_lock(wanted text) returns parapet_guard_limits language plpgsql volatile as $$
declare
  found_row parapet_guard_limits;
begin
  loop
    select * into found_row from parapet_guard_limits where key = wanted for update;
    if found then return found_row; end if;
    insert into parapet_guard_limits (key) values (wanted) on conflict do nothing;
  end loop;
end $$;

create or replace function parapet_guard_now() returns bigint language sql volatile as
$$ select floor(extract(epoch from clock_timestamp()) * 1000)::bigint $$;

create or replace function parapet_guard_take(
  keys text[], kinds text[], wins bigint[], lims bigint[], rates bigint[], costs bigint[], lease text
) returns bigint[] language plpgsql volatile as $$
declare
  n int := cardinality(keys);
  held parapet_guard_limits[];
  verdict record;
  verdicts parapet_guard_limits[];
  changes boolean[];
  now_ms bigint;
  refused boolean := false;
  result bigint[];
  i int;
begin
  held := array_fill(null::parapet_guard_limits, array[n]);
  for i in select ordinality from unnest(keys) with ordinality as k (name, ordinality) order by name collate "C" loop
    held[i] := parapet_guard_lock(keys[i]);
  end loop;
  now_ms := parapet_guard_now();
  result := array_fill(0::bigint, array[1 + 4 * n]);
  result[1] := now_ms;
  verdicts := held;
  changes := array_fill(false, array[n]);
  for i in 1 .. n loop
    select * into verdict from parapet_guard_judge(kinds[i], wins[i], lims[i], rates[i], costs[i], now_ms, lease, held[i]);
    result[4 * i - 2] := verdict.limited::int; result[4 * i - 1] := verdict.remaining;
    result[4 * i] := verdict.reset_ms; result[4 * i + 1] := verdict.retry_ms;
    verdicts[i] := verdict.row_out; changes[i] := verdict.changed;
    refused := refused or verdict.limited;
  end loop;
  if refused then
    for i in 1 .. n loop
      continue when result[4 * i - 2] = 1;
      select * into verdict from parapet_guard_judge(kinds[i], wins[i], lims[i], rates[i], 0, now_ms, lease, held[i]);
      result[4 * i - 2] := verdict.limited::int; result[4 * i - 1] := verdict.remaining;
      result[4 * i] := verdict.reset_ms; result[4 * i + 1] := verdict.retry_ms;
      verdicts[i] := verdict.row_out; changes[i] := verdict.changed;
    end loop;
  end if;
  for i in 1 .. n loop
    continue when not changes[i];
    update parapet_guard_limits set a = verdicts[i].a, b = verdicts[i].b, c = verdicts[i].c, leases = verdicts[i].leases, ends = verdicts[i].ends,
      expires_at = verdicts[i].expires_at where key = keys[i];
  end loop;
  return result;
end $$;
`

const GIVE = `
create or replace function parapet_guard_give(
  keys text[], kinds text[], wins bigint[], lims bigint[], rates bigint[], costs bigint[], lease text
) returns void language plpgsql volatile as $$
declare
  held parapet_guard_limits;
  now_ms bigint;
  ahead bigint;
  i int;
begin
  for i in select ordinality from unnest(keys) with ordinality as k (name, ordinality) order by name collate "C" loop
    select * into held from parapet_guard_limits where key = keys[i] for update;
    continue when not found;
    now_ms := parapet_guard_now();
    if kinds[i] = 'gcra' then
      ahead := greatest(least(greatest((held.a - now_ms)::numeric * rates[i] + held.b, 0), lims[i] * wins[i])::bigint - costs[i] * wins[i], 0);
      update parapet_guard_limits set a = now_ms + ahead / rates[i], b = ahead % rates[i] where key = keys[i];
    elsif kinds[i] = 'fixed_window' then
      update parapet_guard_limits set b = greatest(0, held.b - costs[i]) where key = keys[i] and now_ms < held.a + wins[i];
    elsif kinds[i] = 'sliding_window' then
      update parapet_guard_limits set b = greatest(0, held.b - costs[i]) where key = keys[i] and held.a >= now_ms - now_ms % wins[i];
    else
      update parapet_guard_limits set (leases, ends) = (
        select coalesce(array_agg(l), '{}'), coalesce(array_agg(e), '{}') from unnest(held.leases, held.ends) as kept (l, e) where l <> lease
      ) where key = keys[i];
    end if;
  end loop;
end $$;
`

/** The SQL that makes the tables and functions of `postgresStore`, for a migration; running it again changes nothing. */
export const postgresStoreSchema = (prefix = 'parapet_guard'): string => named(`${TABLES}${TAKE}${GIVE}`, prefix)
