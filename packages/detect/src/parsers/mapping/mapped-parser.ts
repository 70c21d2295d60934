import type { SecurityEvent } from '@parapet/core'
import type { LineParser, ParseContext } from '../line-parser.js'
import { planFields, type MappingPlan, type Meaning, type Wanted } from './field-plan.js'
import { type JsonRecord, readJsonLine } from './json-line.js'
import { readLogfmtLine } from './logfmt-line.js'
import { createRecordReader, type RecordReader } from './record-event.js'

/** The parser of a plan. `owns`: which records are surely of this log; all that tell a time when it is left out. */
export const createMappedParser = (plan: MappingPlan, owns: (record: JsonRecord) => boolean = () => true): LineParser => {
  // made for the first line: most programs meet one format of many
  let reader: RecordReader | undefined
  const read: RecordReader = (record, context, reason) => (reader ??= createRecordReader(plan))(record, context, reason)
  const parse =
    plan.format === 'json'
      ? (line: string, context: ParseContext): SecurityEvent | undefined => {
          const { record, cut } = readJsonLine(line)
          return record === undefined || !owns(record) ? undefined : read(record, context, cut ? 'truncated_line' : undefined)
        }
      : (line: string, context: ParseContext): SecurityEvent | undefined => {
          const found = readLogfmtLine(line)
          return found === undefined || !owns(found.record)
            ? undefined
            : read(found.record, context, found.ambiguous ? 'ambiguous_line' : undefined)
        }
  return { name: plan.name, parse, sniff: (line) => parse(line, SNIFF) !== undefined, isForeign: () => false }
}

const SNIFF: ParseContext = { now: 0 }

/** A plan for a log that is known: fields as `path: target`, behind them whatever well-known names say. */
export const knownPlan = (
  name: string,
  dataset: string,
  format: 'json' | 'logfmt',
  fields: Readonly<Record<string, string | readonly [string, number]>>,
  events: Readonly<Record<string, Meaning>> = {},
): MappingPlan => ({
  name,
  dataset,
  format,
  time: 'auto',
  get fields() {
    const wanted = Object.entries(fields).map(([path, to]): Wanted => {
      const parts = path.split('.')
      return typeof to === 'string' ? { path: parts, target: to } : { path: parts, target: to[0], scale: to[1] }
    })
    return planFields(wanted, true)
  },
  events: new Map(Object.entries(events)),
  guess: true,
  fixed: [],
})
