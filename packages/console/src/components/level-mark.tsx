import type { Level } from '@parapet/core'
import { clsx } from 'clsx'
import type { ReactNode } from 'react'

import { LEVEL_WORD } from '../lib/levels.js'

const COLOUR: Readonly<Record<Level, string>> = {
  critical: 'text-critical',
  high: 'text-high',
  medium: 'text-medium',
  low: 'text-low',
  informational: 'text-informational',
}

const SHAPE: Readonly<Record<Level, ReactNode>> = {
  critical: <path d="M5 1h6l4 4v6l-4 4H5l-4-4V5z M7 4h2v5H7z M7 10.5h2v2H7z" fill="currentColor" fillRule="evenodd" />,
  high: <path d="M8 1.5 15 14H1z" fill="currentColor" />,
  medium: <path d="M8 1l7 7-7 7-7-7z" fill="currentColor" />,
  low: <circle cx="8" cy="8" r="5" fill="currentColor" />,
  informational: <circle cx="8" cy="8" r="4.5" fill="none" stroke="currentColor" strokeWidth="2" />,
}

/** A level as shape, word and colour: no one of them is needed to tell it. `word` takes the place of its own. */
export const LevelMark = ({
  level,
  bare = false,
  word = LEVEL_WORD[level],
}: {
  readonly level: Level
  readonly bare?: boolean
  readonly word?: string
}) => (
  <span className={clsx('inline-flex items-baseline gap-1.5 font-medium whitespace-nowrap', COLOUR[level])}>
    <svg
      viewBox="0 0 16 16"
      width="13"
      height="13"
      className="relative top-px shrink-0"
      {...(bare ? { role: 'img', 'aria-label': word } : { 'aria-hidden': true })}
    >
      {SHAPE[level]}
    </svg>
    {bare ? null : word}
  </span>
)
