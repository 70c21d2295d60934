/**
 * Opens a TCP connection to each target every so often and prints one line a try: `<ms UTC> <target> open|closed`. Targets are `host|port`.
 * `knock.js EVERY_MS TARGET...`; runs until it is ended.
 */
import { connect } from 'node:net'
import process from 'node:process'

const [every = '50', ...targets] = process.argv.slice(2)

const knock = (target) => {
  const [host, port] = target.split('|')
  const began = Date.now()
  const socket = connect({ host, port: Number(port) })
  let told = false
  const tell = (state) => {
    if (told) return
    told = true
    process.stdout.write(`${began} ${target} ${state}\n`)
    socket.destroy()
  }
  // a packet that is dropped gets no answer at all: on one link, a quarter of a second is an age
  socket.setTimeout(250, () => tell('closed'))
  socket.on('connect', () => tell('open'))
  socket.on('error', () => tell('closed'))
}

process.stdout.write('knocking\n')
setInterval(() => {
  for (const target of targets) knock(target)
}, Number(every))
