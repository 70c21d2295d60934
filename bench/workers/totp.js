/** Checks TOTP codes in turns with otplib: `totp.js ROUNDS MS`. Prints checks per CPU-second as JSON. */
import { randomBytes } from 'node:crypto'
import process from 'node:process'
import { fromBase32, matchTotp, readCode, toBase32, totpCode } from '@parapet/guard/mfa'
import { verifySync } from 'otplib'

const [rounds = '5', ms = '200'] = process.argv.slice(2)

const NOW = 1_800_000_000_000
const STEP = Math.floor(NOW / 30_000)
const shape = { algorithm: 'SHA1', digits: 6 }
const accounts = Array.from({ length: 256 }, () => {
  const secret = randomBytes(20)
  const near = new Set([-1, 0, 1].map((offset) => totpCode(secret, STEP + offset, shape)))
  const wrong = ['123456', '654321', '271828', '314159'].find((code) => !near.has(code))
  return { secret: toBase32(secret), right: totpCode(secret, STEP, shape), late: totpCode(secret, STEP - 1, shape), wrong }
})

/** Both from the same texts: a secret in base32 and what was typed; now, one step before and one after. */
const ours = ({ secret }, typed) => {
  const code = readCode(typed, 6)
  return matchTotp({ secret: fromBase32(secret), code, lastStep: STEP - 2, shape, skew: 1 }, NOW).kind === 'match'
}
const otplib = ({ secret }, token) => verifySync({ secret, token, epoch: NOW / 1_000, epochTolerance: 30 }).valid

for (const account of accounts) {
  for (const check of [ours, otplib]) {
    if (!check(account, account.right) || !check(account, account.late) || check(account, account.wrong))
      throw new Error('a check is not right: nothing is measured')
  }
}

const variants = {
  right: (i) => ours(accounts[i & 255], accounts[i & 255].right),
  late: (i) => ours(accounts[i & 255], accounts[i & 255].late),
  wrong: (i) => ours(accounts[i & 255], accounts[i & 255].wrong),
  otplibRight: (i) => otplib(accounts[i & 255], accounts[i & 255].right),
  otplibWrong: (i) => otplib(accounts[i & 255], accounts[i & 255].wrong),
}

/** Checks per CPU-second over a stretch of time; the collector's share is counted. */
const measure = (run) => {
  const start = process.cpuUsage()
  const used = () => {
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1e6
  }
  let count = 0
  for (const end = Number(ms) / 1000; used() < end;) for (let i = 0; i < 200; i++) run(count++)
  return count / used()
}

const results = {}
for (let round = -1; round < Number(rounds); round++) {
  for (const [name, run] of Object.entries(variants)) {
    const perSecond = measure(run)
    // the first round warms up
    if (round >= 0) (results[name] ??= []).push(perSecond)
  }
}
console.log(JSON.stringify(results))
