import { type PgClient } from './types.js'

/** How the values of a column are searched. */
export type ScanKind = 'text' | 'json' | 'bytes'

/** A column that may hold sealed values. */
export type ScanColumn = { readonly name: string; readonly kind: ScanKind; readonly array: boolean }

/** A table with such columns. */
export type ScanTable = { readonly schema: string; readonly name: string; readonly pages: number; readonly columns: readonly ScanColumn[] }

/** Types whose text cannot hold `ppt1.`: numbers, times, addresses and the like are not read at all. */
const NO_TEXT = `'bool','int2','int4','int8','float4','float8','numeric','money','oid','xid','cid','tid','xid8','pg_lsn','date','time','timetz','timestamp',
  'timestamptz','interval','uuid','inet','cidr','macaddr','macaddr8','bit','varbit','point','line','lseg','box','path','polygon','circle','char'`

const TABLES = `
with recursive base(relid, attnum, typ, is_array) as (
  select a.attrelid, a.attnum, a.atttypid, false
  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
  where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'm') and c.relpersistence <> 't'
    and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and n.nspname not like 'pg\\_toast\\_temp\\_%' and n.nspname not like 'pg\\_temp\\_%'
  union all
  select b.relid, b.attnum, case when t.typtype = 'd' then t.typbasetype else t.typelem end, b.is_array or t.typtype <> 'd'
  from base b join pg_type t on t.oid = b.typ where t.typtype = 'd' or t.typcategory = 'A'
)
select n.nspname as schema, c.relname as name, (pg_relation_size(c.oid) / current_setting('block_size')::int)::int as pages,
  json_agg(json_build_object('name', a.attname, 'array', b.is_array, 'kind',
    case when t.typname = 'bytea' then 'bytes' when t.typname = 'json' then 'json' else 'text' end) order by a.attnum) as columns
from base b
join pg_type t on t.oid = b.typ and t.typtype in ('b', 'c', 'r', 'm') and t.typcategory <> 'A' and not (t.typnamespace = 'pg_catalog'::regnamespace and t.typname in (${NO_TEXT}))
join pg_attribute a on a.attrelid = b.relid and a.attnum = b.attnum
join pg_class c on c.oid = b.relid
join pg_namespace n on n.oid = c.relnamespace
group by n.nspname, c.relname, c.oid
order by 1, 2`

/** Every table and materialised view with columns that may hold sealed text or bytes, domains, arrays and composites included. */
export const listScanTables = async (client: Pick<PgClient, 'query'>): Promise<readonly ScanTable[]> =>
  (await client.query(TABLES)).rows as readonly ScanTable[]

/** What a scan of this database cannot see, for its report. */
export const listUnreadable = async (client: Pick<PgClient, 'query'>): Promise<readonly string[]> => {
  const [row] = (
    await client.query(
      `select coalesce(array_agg(format('%I.%I', n.nspname, c.relname)) filter (where c.oid is not null), '{}') as foreign,
         (select count(*) from pg_largeobject_metadata)::text as large
       from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'f'`,
    )
  ).rows as readonly { foreign: readonly string[]; large: string }[]
  const foreign = (row?.foreign ?? []).map((name) => `foreign table ${name}`)
  return row === undefined || row.large === '0' ? foreign : [...foreign, `${row.large} large objects`]
}
