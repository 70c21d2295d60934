/** Replays one file through all built-in rules, as `parapet detect` does: `detect.js FILE FORMAT NOW`. Prints what it counted as JSON. */
import process from 'node:process'
import { builtinRules, compileRules, createEngine, parserFor, prepareReplay, readLines } from '@parapet/detect'

const [file = '', format = '', now = ''] = process.argv.slice(2)
prepareReplay()
const { rules, problems } = compileRules(await builtinRules())
const engine = createEngine({ rules })
const parser = parserFor(format)
const context = { now: Number(now) }
let lines = 0
let events = 0
let alerts = 0
for await (const block of readLines(file)) {
  let number = block.firstNumber
  for (const line of block.lines) {
    const event = parser.parse(line, context)
    if (event !== undefined) {
      events++
      alerts += engine.process(event, number).length
    }
    number++
  }
  lines += block.lines.length
}
alerts += engine.flush().length
const peakMegabytes = process.resourceUsage().maxRSS / 1024
console.log(JSON.stringify({ lines, events, alerts, rules: rules.rules.length, problems: problems.length, peakMegabytes }))
