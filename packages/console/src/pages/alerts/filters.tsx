import { Search } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useLocation } from 'wouter'

import type { AlertFilters, RangeName } from '../../lib/alert-filters.js'
import { TEXT_LIMIT, writeFilters } from '../../lib/alert-filters.js'
import { isLevel, LEVEL_WORD, LEVELS_DOWN } from '../../lib/levels.js'

const RANGE_WORD: Readonly<Record<RangeName, string>> = {
  all: 'Any time',
  '1h': 'Last hour',
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
  '30d': 'Last 30 days',
}
const TYPING_MS = 250

/** What narrows the list; every change is in the URL at once, text when the typing pauses. */
export const Filters = ({ filters }: { readonly filters: AlertFilters }) => {
  const [, navigate] = useLocation()
  const [text, setText] = useState(filters.text)
  const sent = useRef(filters.text)
  const go = (next: AlertFilters): void => navigate(`/alerts${writeFilters(next)}`, { replace: true })
  useEffect(() => {
    // the URL changed without us: back, forward, a link
    if (filters.text === sent.current) return
    sent.current = filters.text
    setText(filters.text)
  }, [filters.text])
  useEffect(() => {
    if (text === sent.current) return undefined
    const timer = setTimeout(() => {
      sent.current = text
      navigate(`/alerts${writeFilters({ ...filters, text })}`, { replace: true })
    }, TYPING_MS)
    return () => clearTimeout(timer)
  }, [text, filters, navigate])
  return (
    <search aria-label="Alerts">
      <form onSubmit={(event) => event.preventDefault()} className="grid w-full gap-2 sm:flex sm:w-auto">
        <label className="relative block sm:w-72">
          <span className="sr-only">Search alerts</span>
          <Search size={16} aria-hidden className="absolute top-2.5 left-2.5 text-ink-3" />
          <input
            data-search=""
            type="search"
            className="field pl-8!"
            placeholder="Address, user, rule, words"
            maxLength={TEXT_LIMIT}
            spellCheck={false}
            autoComplete="off"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        <div className="grid grid-cols-2 gap-2 sm:flex">
          <label className="block">
            <span className="sr-only">Level at least</span>
            <select
              className="field"
              value={filters.level ?? ''}
              onChange={(event) => go({ ...filters, text, level: isLevel(event.target.value) ? event.target.value : undefined })}
            >
              <option value="">Any level</option>
              {LEVELS_DOWN.slice(0, -1).map((level) => (
                <option key={level} value={level}>
                  {level === 'critical' ? 'Critical only' : `${LEVEL_WORD[level]} or worse`}
                </option>
              ))}
            </select>
          </label>
          <label className="block">
            <span className="sr-only">Time</span>
            <select
              className="field"
              value={filters.range}
              onChange={(event) => go({ ...filters, text, range: event.target.value as RangeName })}
            >
              {(Object.keys(RANGE_WORD) as RangeName[]).map((range) => (
                <option key={range} value={range}>
                  {RANGE_WORD[range]}
                </option>
              ))}
            </select>
          </label>
        </div>
      </form>
    </search>
  )
}
