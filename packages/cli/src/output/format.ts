import type { Level } from '@parapet/core'
import type { Colors } from 'picocolors/types.js'

/** `2026-11-21 08:15:02`, UTC. */
export const formatTime = (ms: number): string =>
  Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString().slice(0, 19).replace('T', ' ') : '-'

const DIGITS = new Intl.NumberFormat('en-US')

/** `1,234,567` */
export const formatCount = (count: number): string => DIGITS.format(count)

/** `1 alert`, `2,000 alerts` */
export const plural = (count: number, one: string, many: string = `${one}s`): string => `${formatCount(count)} ${count === 1 ? one : many}`

/** `412 k`, `1.3 M`: rates, to two or three digits. */
export const formatRate = (perSecond: number): string => {
  const [value, unit] = perSecond >= 1e6 ? [perSecond / 1e6, ' M'] : perSecond >= 1e3 ? [perSecond / 1e3, ' k'] : [perSecond, '']
  return `${value >= 100 || unit === '' ? Math.round(value) : Number(value.toPrecision(2))}${unit}`
}

/** `512 bytes`, `12 kB`, `1.3 GB`: sizes in powers of a thousand, to two or three digits. */
export const formatSize = (bytes: number): string => {
  if (bytes < 1_000) return plural(Math.round(bytes), 'byte')
  const power = Math.min(3, Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1_000 ** power
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(2))} ${['B', 'kB', 'MB', 'GB'][power] ?? ''}`
}

/** `12 ms`, `1.3 s`, `75 s`: how long something took. */
export const formatTook = (ms: number): string => {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`
}

const LEVEL_COLORS: Readonly<Record<Level, 'magenta' | 'red' | 'yellow' | 'blue' | 'gray'>> = {
  critical: 'magenta',
  high: 'red',
  medium: 'yellow',
  low: 'blue',
  informational: 'gray',
}

/** Text in the colour of a level. */
export const inLevelColor = (colors: Colors, level: Level, text: string): string => colors[LEVEL_COLORS[level]](text)
