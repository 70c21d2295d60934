/** Masks the lines of a log in several ways, by turns: `mask-text.js FILE ROUNDS`. Prints megabytes per CPU-second and what was missed as JSON. */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { builtInRuleSet, createMasker } from '@parapet/privacy'

const [file = '', rounds = '5'] = process.argv.slice(2)
/** @type {{ line: string, planted: string[], decoys: string[] }[]} */
const entries = JSON.parse(readFileSync(file, 'utf8'))
const lines = entries.map(({ line }) => line)
const whole = Buffer.from(`${lines.join('\n')}\n`)
const masker = createMasker()

// what a first attempt looks like: e-mail, phone, card, key
const PATTERNS = [
  [/([a-zA-Z0-9._%+-]+)@([a-zA-Z0-9.-]+\.[a-zA-Z]{2,})/g, '$1***@$2'],
  [/(\d{3})\d{3}(\d{4})/g, '$1***$2'],
  [/(\d{4})\d{8,12}(\d{4})/g, '$1************$2'],
  [/(api[_-]?key[_-]?[=:]?)[\w-]{20,}/gi, '$1***MASKED***'],
]
const COMBINED = new RegExp(PATTERNS.map(([pattern]) => pattern.source).join('|'), 'gi')
const naive = (line) => {
  let text = line
  for (const [pattern, by] of PATTERNS) text = text.replace(pattern, by)
  return text
}

let kept = 0
const WAYS = {
  bytes: () => (kept += masker.bytes(whole).length),
  'text, line by line': () => {
    for (const line of lines) kept += masker.text(line).length
  },
  'stream of 64 KiB chunks': () => {
    const scan = masker.scan()
    for (let at = 0; at < whole.length; at += 65_536)
      for (const part of [scan.write(whole.subarray(at, at + 65_536))].flat()) kept += part.length
    for (const part of [scan.end()].flat()) kept += part.length
  },
  'four patterns': () => {
    for (const line of lines) kept += naive(line).length
  },
  'one combined pattern': () => {
    for (const line of lines) kept += line.replace(COMBINED, '***').length
  },
  'JSON.parse': () => {
    for (const line of lines) kept += JSON.parse(line) === null ? 0 : 1
  },
}

const judge = (mask) => {
  const found = { leaks: 0, decoys: 0, altered: 0, invalid: 0 }
  for (const { line, planted, decoys } of entries) {
    const out = mask(line)
    for (const value of planted) if (out.includes(value)) found.leaks++
    for (const value of decoys) if (!out.includes(JSON.stringify(value).slice(1, -1))) found.decoys++
    if (planted.length === 0 && out !== line) found.altered++
    try {
      JSON.parse(out)
    } catch {
      found.invalid++
    }
  }
  return found
}

const speeds = Object.fromEntries(Object.keys(WAYS).map((way) => [way, []]))
for (const run of Object.values(WAYS)) run()
for (let round = 0; round < Number(rounds); round++)
  for (const [way, run] of Object.entries(WAYS)) {
    const before = process.cpuUsage()
    run()
    const { user, system } = process.cpuUsage(before)
    speeds[way].push(whole.length / (user + system))
  }
if (kept === 0) throw new Error('nothing was masked')
console.log(
  JSON.stringify({
    bytes: whole.length,
    speeds,
    ours: judge(masker.text),
    naive: judge(naive),
    planted: entries.reduce((sum, { planted }) => sum + planted.length, 0),
    rules: builtInRuleSet().rules.filter(({ confidence }) => confidence !== 'low').length,
  }),
)
