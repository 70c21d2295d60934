// Writes numbered lines of an access log at a steady rate, as a web server does: appends, and opens its file anew on USR1.
// node line-writer.js FILE NAME LINES_PER_SECOND; TERM ends it, and the last line that it prints is how many it has written.
import { closeSync, openSync, writeSync } from 'node:fs'
import process from 'node:process'

const [file, name, rate] = process.argv.slice(2)
const perTick = Math.max(1, Math.round(Number(rate) / 50))
let fd = openSync(file, 'a')
let written = 0

process.on('SIGUSR1', () => {
  const old = fd
  fd = openSync(file, 'a')
  closeSync(old)
})
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const stamp = () => {
  const [day, time] = new Date().toISOString().split('T')
  const [year, month, date] = day.split('-')
  return `${date}/${months[Number(month) - 1]}/${year}:${time.slice(0, 8)} +0000`
}
const timer = setInterval(() => {
  const at = stamp()
  let text = ''
  for (let i = 0; i < perTick; i++)
    text += `192.0.2.${written % 200} - - [${at}] "GET /${name}/${written++} HTTP/1.1" 200 512 "-" "Mozilla/5.0 (X11; Linux x86_64)"\n`
  writeSync(fd, text)
}, 20)
process.on('SIGTERM', () => {
  clearInterval(timer)
  process.stdout.write(`written ${written}\n`)
})
process.stdout.write('ready\n')
