import { LAYOUT, TEXT_PREFIX } from '../../encryption/field/sealed-format.js'
import type { CatalogTable } from '../catalog.js'
import { quoteName, quoteTable, quoteText, withSuffix } from '../identifiers.js'
import type { SealPlan } from './plan.js'

/** Quoted names of one sealing. */
type Names = {
  readonly table: string
  readonly plain: string
  readonly retired: string
  readonly sealed: string
  readonly index: string | undefined
  readonly isSealed: string
  readonly either: string
  readonly required: string
  readonly todo: string
  readonly markTrigger: string
  readonly keepTrigger: string
  readonly markFunction: string
  readonly keepFunction: string
}

/** The names of a plan, quoted. */
export const namesOf = (plan: SealPlan): Names => {
  const { schema = 'public', table, column, index } = plan.spec
  return {
    table: quoteTable(schema, table),
    plain: quoteName(plan.plain),
    retired: quoteName(plan.retired),
    sealed: quoteName(column),
    index: index === undefined ? undefined : quoteName(index.column),
    isSealed: quoteName(withSuffix(column, '_is_sealed')),
    either: quoteName(withSuffix(column, '_or_plain')),
    required: quoteName(withSuffix(column, '_required')),
    todo: quoteName(`parapet_todo_${plan.mark}`),
    // triggers fire in the order of their names: after those of the application, which may change the value once more
    markTrigger: quoteName(`zzzz_parapet_${plan.mark}_1`),
    keepTrigger: quoteName(`zzzz_parapet_${plan.mark}_2`),
    markFunction: quoteTable(schema, `parapet_mark_${plan.mark}`),
    keepFunction: quoteTable(schema, `parapet_keep_${plan.mark}`),
  }
}

/** The plain value as the cipher gets it: text, but for bytes. */
export const plainSql = (plan: SealPlan, column: string): string => (plan.spec.type === 'bytes' ? column : `${column}::text`)

/** Rows that still have to be sealed. */
export const todoSql = (plan: SealPlan, alias = ''): string => {
  const { sealed, plain } = namesOf(plan)
  return `${alias}${sealed} is null and ${alias}${plain} is not null`
}

/** The sealed column takes nothing else, whoever writes it. */
export const addColumns = (plan: SealPlan): string[] => {
  const names = namesOf(plan)
  const check =
    plan.storage === 'bytea'
      ? `substring(${names.sealed} from 1 for 2) = '\\x${Buffer.from([LAYOUT.version, LAYOUT.algorithm]).toString('hex')}'::bytea`
      : `${names.sealed} like '${TEXT_PREFIX}%'`
  const added = [`alter table ${names.table} add column ${names.sealed} ${plan.storage} constraint ${names.isSealed} check (${check})`]
  if (names.index !== undefined) added.push(`alter table ${names.table} add column ${names.index} text`)
  return added
}

const createFunction = (name: string, body: string): string =>
  `create or replace function ${name}() returns trigger language plpgsql as ${quoteText(body)}`

const trigger = (names: Names, name: string, when: string, run: string): string[] => [
  `create trigger ${name} before ${when} on ${names.table} for each row execute function ${run}()`,
  // also for rows that come by logical replication
  `alter table ${names.table} enable always trigger ${name}`,
]

const bound = (plan: SealPlan, table: CatalogTable): string => {
  const columns = table.primaryKey.map((column) => quoteName(column.name))
  if (plan.spec.tenant !== undefined && 'column' in plan.spec.tenant) columns.push(quoteName(plan.spec.tenant.column))
  return columns.map((column) => `new.${column} is distinct from old.${column}`).join(' or ')
}

const LOST = `raise exception 'the key or the tenant of a row with a sealed value changed' using errcode = 'check_violation'`

/**
 * The trigger of the dual state. A statement of the old application version changes the plain column only: its sealed copy
 * is emptied, so that it is sealed anew. One that names only the sealed column empties the plain copy, which is stale. One that
 * names both is a version that writes both. Whether a statement names the plain column tells its `before update of` trigger.
 */
export const keepInStep = (plan: SealPlan, table: CatalogTable): string[] => {
  const names = namesOf(plan)
  const flag = quoteText(`parapet.named_${plan.mark}`)
  const empty = `new.${names.sealed} := null;${names.index === undefined ? '' : ` new.${names.index} := null;`}`
  const [now, was] = [plainSql(plan, `new.${names.plain}`), plainSql(plan, `old.${names.plain}`)]
  const refuse =
    plan.spec.type === 'bytes'
      ? ''
      : `if ${now} like '${TEXT_PREFIX}%' then raise exception 'a sealed value was written into the plain column' using errcode = 'check_violation'; end if;`
  const body = `declare named boolean := false;
begin
  if current_setting('parapet.sealing', true) = 'on' then return new; end if;
  ${refuse}
  if tg_op = 'INSERT' then return new; end if;
  if current_setting(${flag}, true) = 'on' then named := true; perform set_config(${flag}, 'off', true); end if;
  if new.${names.sealed} is not null and new.${names.sealed} is not distinct from old.${names.sealed} and (${bound(plan, table)}) then
    if new.${names.plain} is null then ${LOST}; end if;
    ${empty}
  elsif new.${names.sealed} is distinct from old.${names.sealed} then
    if not named then new.${names.plain} := null; end if;
  elsif ${now} is distinct from ${was} then
    ${empty}
  end if;
  return new;
end`
  return [
    createFunction(names.markFunction, `begin perform set_config(${flag}, 'on', true); return new; end`),
    createFunction(names.keepFunction, body),
    ...trigger(names, names.markTrigger, `update of ${names.plain}`, names.markFunction),
    ...trigger(names, names.keepTrigger, 'insert or update', names.keepFunction),
  ]
}

/** Ends the triggers of any state. */
export const dropTriggers = (plan: SealPlan): string[] => {
  const names = namesOf(plan)
  return [
    `drop trigger if exists ${names.markTrigger} on ${names.table}`,
    `drop trigger if exists ${names.keepTrigger} on ${names.table}`,
    `drop function if exists ${names.markFunction}()`,
    `drop function if exists ${names.keepFunction}()`,
  ]
}

/** Lets a version that knows only the sealed column insert; the row must still have one of both. */
export const loosenNull = (plan: SealPlan): string[] => {
  const names = namesOf(plan)
  if (!plan.plainNotNull) return []
  return [
    `alter table ${names.table} alter column ${names.plain} drop not null`,
    `alter table ${names.table} add constraint ${names.either} check (${names.plain} is not null or ${names.sealed} is not null) not valid`,
  ]
}

/** The cut: the plain column's name is gone, so that a version that still writes it fails instead of writing plain text. */
export const cutOff = (plan: SealPlan, table: CatalogTable): string[] => {
  const names = namesOf(plan)
  const body = `begin
  if current_setting('parapet.sealing', true) = 'on' then return new; end if;
  if new.${names.sealed} is distinct from old.${names.sealed} then new.${names.retired} := null;
  elsif new.${names.sealed} is not null and (${bound(plan, table)}) then ${LOST};
  end if;
  return new;
end`
  return [
    ...dropTriggers(plan),
    `alter table ${names.table} rename column ${names.plain} to ${names.retired}`,
    createFunction(names.keepFunction, body),
    ...trigger(names, names.keepTrigger, 'update', names.keepFunction),
    ...(plan.plainNotNull
      ? [
          `alter table ${names.table} drop constraint if exists ${names.either}`,
          `alter table ${names.table} add constraint ${names.required} check (${names.sealed} is not null) not valid`,
        ]
      : []),
  ]
}

/** Back from the cut to the dual state. */
export const undoCut = (plan: SealPlan, table: CatalogTable): string[] => {
  const names = namesOf(plan)
  return [
    ...dropTriggers(plan),
    `alter table ${names.table} rename column ${names.retired} to ${names.plain}`,
    ...keepInStep(plan, table),
    ...(plan.plainNotNull ? [`alter table ${names.table} drop constraint if exists ${names.required}`] : []),
  ]
}

/** The last step back: what was added goes, what was loosened is tight again. */
export const removeSealed = (plan: SealPlan): string[] => {
  const names = namesOf(plan)
  return [
    ...dropTriggers(plan),
    ...(plan.plainNotNull
      ? [
          `alter table ${names.table} drop constraint if exists ${names.either}`,
          `alter table ${names.table} alter column ${names.plain} set not null`,
        ]
      : []),
    `alter table ${names.table} drop column if exists ${names.sealed}`,
    ...(names.index === undefined ? [] : [`alter table ${names.table} drop column if exists ${names.index}`]),
  ]
}
