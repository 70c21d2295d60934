/** Reads a file and parses each line as JSON: `parse-json.js FILE`. Prints the CPU seconds. */
import process from 'node:process'
import { readLines } from '@parapet/detect'

const [file = ''] = process.argv.slice(2)
const before = process.cpuUsage()
let fields = 0
for await (const { lines } of readLines(file)) for (const line of lines) fields += Object.keys(JSON.parse(line)).length
const { user, system } = process.cpuUsage(before)
console.log(JSON.stringify({ fields, seconds: (user + system) / 1e6 }))
