import { useQuery } from '@tanstack/react-query'
import { Search } from 'lucide-react'
import { useEffect, useId, useRef, useState } from 'react'

import { detect } from '../../app/detect-api.js'
import { FilterChips } from '../../components/filter-chips.js'
import type { EventSearch, SPANS } from '../../lib/event-search.js'
import { readTyped, timeOf, withFilter, withoutFilter } from '../../lib/event-search.js'
import { flattenHostile } from '../../lib/hostile.js'
import { fromLocalField, toLocalField } from '../../lib/local-time.js'

const RANGE_WORD: Readonly<Record<keyof typeof SPANS, string>> = {
  '15m': 'Last 15 min',
  '1h': 'Last hour',
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
  '30d': 'Last 30 days',
}

type Props = { readonly search: EventSearch; readonly onChange: (search: EventSearch) => void }

const CustomTime = ({ search, onChange }: Props) => {
  const id = useId()
  const [ends] = useState(() => timeOf(search.time, Date.now()))
  const [since, setSince] = useState(() => toLocalField(ends.since))
  const [until, setUntil] = useState(() => toLocalField(ends.until))
  const [from, to] = [fromLocalField(since), fromLocalField(until)]
  const wrong = from === undefined || to === undefined || from >= to
  return (
    <form
      className="flex flex-wrap items-end gap-2"
      aria-label="Time from and to"
      onSubmit={(event) => {
        event.preventDefault()
        if (from !== undefined && to !== undefined && !wrong) onChange({ ...search, time: { since: from, until: to } })
      }}
    >
      <label className="block">
        <span className="text-[0.87rem] text-ink-2">From</span>
        <input type="datetime-local" className="field" value={since} onChange={(event) => setSince(event.target.value)} />
      </label>
      <label className="block">
        <span className="text-[0.87rem] text-ink-2">To</span>
        <input
          type="datetime-local"
          className="field"
          value={until}
          aria-invalid={wrong}
          aria-describedby={wrong ? `${id}-wrong` : undefined}
          onChange={(event) => setUntil(event.target.value)}
        />
      </label>
      <button type="submit" className="button min-h-9!" disabled={wrong}>
        Show
      </button>
      {wrong ? (
        <p id={`${id}-wrong`} className="w-full text-[0.93rem] text-critical">
          The end comes after the start.
        </p>
      ) : null}
    </form>
  )
}

/** What is searched for: words or `field:value`, when, and where. Enter searches; each filter is a chip that can be turned round or removed. */
export const SearchBar = ({ search, onChange }: Props) => {
  const id = useId()
  const [text, setText] = useState(search.text)
  const known = useRef(search.text)
  const sources = useQuery({ queryKey: ['sources'], queryFn: ({ signal }) => detect.sources(signal) })
  useEffect(() => {
    // the URL changed without us: back, forward, a saved view
    if (search.text === known.current) return
    known.current = search.text
    setText(search.text)
  }, [search.text])
  const submit = (): void => {
    const filter = readTyped(text)
    if (filter === undefined) {
      known.current = text.trim()
      onChange({ ...search, text: text.trim() })
    } else {
      setText('')
      known.current = ''
      onChange({ ...withFilter(search, filter), text: '' })
    }
  }
  const custom = 'since' in search.time
  return (
    <search aria-label="Events" className="mb-4 grid gap-2.5">
      <div className="grid gap-2 sm:flex sm:flex-wrap">
        <form
          className="relative min-w-0 grow sm:basis-80"
          onSubmit={(event) => {
            event.preventDefault()
            submit()
          }}
        >
          <label htmlFor={`${id}-q`} className="sr-only">
            Search events
          </label>
          <Search size={16} aria-hidden className="absolute top-2.5 left-2.5 text-ink-3" />
          <input
            id={`${id}-q`}
            data-search=""
            type="search"
            className="field pl-8!"
            placeholder="Words, or field:value, and Enter"
            maxLength={640}
            spellCheck={false}
            autoComplete="off"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </form>
        <div className="grid grid-cols-2 gap-2 sm:flex">
          <label className="block min-w-0">
            <span className="sr-only">Time</span>
            <select
              className="field"
              value={'since' in search.time ? 'custom' : search.time.range}
              onChange={(event) => {
                const range = event.target.value
                onChange({
                  ...search,
                  time: range === 'custom' ? timeOf(search.time, Date.now()) : { range: range as keyof typeof SPANS },
                })
              }}
            >
              {(Object.keys(RANGE_WORD) as (keyof typeof SPANS)[]).map((range) => (
                <option key={range} value={range}>
                  {RANGE_WORD[range]}
                </option>
              ))}
              <option value="custom">From … to …</option>
            </select>
          </label>
          <label className="block min-w-0">
            <span className="sr-only">Source</span>
            <select
              className="field sm:max-w-52"
              value={search.source ?? ''}
              onChange={(event) => onChange({ ...search, source: event.target.value || undefined })}
            >
              <option value="">Every source</option>
              {search.source !== undefined && sources.data?.items.every(({ id: known }) => known !== search.source) !== false ? (
                <option value={search.source}>{flattenHostile(search.source, 40)}</option>
              ) : null}
              {sources.data?.items.map((source) => (
                <option key={source.id} value={source.id}>
                  {flattenHostile(source.name, 40)}
                </option>
              ))}
            </select>
          </label>
        </div>
      </div>
      {custom && 'since' in search.time ? (
        <CustomTime key={`${search.time.since}-${search.time.until}`} search={search} onChange={onChange} />
      ) : null}
      <FilterChips
        filters={search.filters}
        onTurn={(filter) => onChange(withFilter(search, filter))}
        onRemove={(filter) => onChange(withoutFilter(search, filter))}
      />
    </search>
  )
}
