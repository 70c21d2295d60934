import { setTimeout as sleep } from 'node:timers/promises'
import { MINUTE, ParapetError, isParapetError } from '@parapet/core'
import type { RunningServer } from '@parapet/server'
import type { ApiClient } from '../api/api-client.js'
import { openApiClient } from '../api/open-api-client.js'
import { type AddCommand, type CommandContext, examples, withJson } from '../command.js'
import { seededFraction } from '../demo/seeded-fraction.js'
import { usageError } from '../errors.js'
import { EXIT, EXIT_HELP } from '../exit-codes.js'
import { escapeText, toJsonLine } from '../output/escape.js'
import { stopSignal } from '../stop-signal.js'

type DemoOptions = { minutes: string; seed: string; remove?: boolean; json?: boolean }
type Plane = { readonly client: ApiClient; readonly url: string; readonly own: RunningServer | undefined }

/** How long the last alerts of the demo may take to show up, ms. */
const SETTLE = 2_000

const isAnswering = async (client: ApiClient): Promise<boolean> => {
  try {
    await client.get('v1/setup')
    return true
  } catch (error) {
    if (isParapetError(error) && error.code === 'PPT_CONTROL_PLANE') return false
    throw error
  }
}

/** The control plane that runs on this machine, or one that lives as long as this command. */
const openPlane = async ({ env }: CommandContext): Promise<Plane> => {
  const { loadConfig, readLocalToken, startServer } = await import('@parapet/server')
  const { config } = await loadConfig({ env })
  const token = env['PARAPET_TOKEN'] ?? (await readLocalToken(config))
  if (token !== undefined) {
    const client = await openApiClient({ env }, {})
    if (await isAnswering(client)) return { client, url: env['PARAPET_URL'] ?? config.publicUrl, own: undefined }
  }
  if ((env['PARAPET_URL'] ?? '') !== '') throw new ParapetError('PPT_CONTROL_PLANE', `nothing answers at ${env['PARAPET_URL'] ?? ''}`)
  const own = await startServer({ ...config, logLevel: 'error' })
  return { client: await openApiClient({ env }, {}), url: own.url, own }
}

/** A demo that runs again gets a source of its own: "Demo shop 2" and so on. */
const createShopSource = async (client: ApiClient): Promise<{ token: string }> => {
  for (let n = 1; ; n++) {
    try {
      return await client.post('v1/sources', { name: n === 1 ? 'Demo shop' : `Demo shop ${n}`, demo: true })
    } catch (error) {
      if (n >= 100 || !isParapetError(error) || error.code !== 'PPT_CONFLICT') throw error
    }
  }
}

const wholeNumber = (name: string, text: string, from: number, to: number): number => {
  const value = Number(text)
  if (!/^\d{1,9}$/.test(text) || value < from || value > to) throw usageError(`${name} takes a whole number from ${from} to ${to}`)
  return value
}

const clock = (ms: number): string =>
  `${String(Math.floor(ms / MINUTE)).padStart(2, '0')}:${String(Math.floor((ms % MINUTE) / 1_000)).padStart(2, '0')}`

/** `parapet demo`: the whole loop with nothing of one's own at stake. */
export const addDemo: AddCommand = (program, context) => {
  const { terminal, run } = context
  withJson(
    program
      .command('demo')
      .summary('play a few minutes of honest people and attackers')
      .description(
        'Starts the control plane (or uses the one that runs), puts a small shop behind a guard and plays labelled traffic against it on ' +
          'loopback: honest people first, then seven attackers. Everything it makes is marked as a demo and goes with --remove.',
      )
      .option('--minutes <n>', 'how long it plays, 1 to 60', '3')
      .option('--seed <n>', 'which traffic; the same seed plays the same', '1')
      .option('--remove', 'remove every event, alert, decision and source of demos')
      .addHelpText(
        'after',
        `${examples([
          ['parapet demo', 'watch it on http://localhost:8700'],
          ['parapet demo --remove', 'leave nothing of it behind'],
        ])}\n\n${EXIT_HELP}\n`,
      ),
  ).action(
    run(async (options: DemoOptions) => {
      const lengthMs = wholeNumber('--minutes', options.minutes, 1, 60) * MINUTE
      const seed = wholeNumber('--seed', options.seed, 0, 999_999_999)
      const { bold, cyan, dim, green } = terminal.colors
      const say = (text: string): Promise<void> => (options.json === true ? Promise.resolve() : terminal.print(text))
      const stop = stopSignal()
      const plane = await openPlane(context)
      try {
        if (options.remove === true) {
          const removed = await plane.client.remove<Readonly<Record<string, number>>>('v1/demo')
          await terminal.print(
            options.json === true
              ? toJsonLine(removed)
              : `Removed ${Object.entries(removed)
                  .map(([what, count]) => `${count} ${count === 1 ? what.replace(/s$/, '') : what}`)
                  .join(', ')}, with their alerts and decisions.`,
          )
          return EXIT.ok
        }
        const [{ startShop }, { demoTraffic }, { play }] = await Promise.all([
          import('../demo/shop.js'),
          import('../demo/traffic.js'),
          import('../demo/play.js'),
        ])
        const { token } = await createShopSource(plane.client)
        const shop = await startShop({ url: plane.url, token })
        const ending = new AbortController()
        void stop.then(() => ending.abort())
        try {
          if (options.json === true)
            await terminal.print(
              toJsonLine({ url: plane.url, ...(plane.own?.setupLink === undefined ? {} : { setupLink: plane.own.setupLink }) }),
            )
          await say(`${green('●')} ${bold('The demo is running.')} Watch it here:\n\n  ${cyan(plane.own?.setupLink ?? plane.url)}\n`)
          if (plane.own?.setupLink !== undefined)
            await say(dim('  The link makes the first operator, once. Sign in, then stay on the page Now.\n'))
          const { requests, scenes } = demoTraffic(seededFraction(seed), lengthMs)
          const tally = await play({
            shop: shop.url,
            requests,
            scenes,
            signal: ending.signal,
            onScene: (scene) => void say(`  ${dim(clock(scene.at))}  ${escapeText(scene.text)}`),
          })
          if (!ending.signal.aborted) await sleep(SETTLE)
          const attackers = Object.entries(tally.refused).reduce((sum, [label, count]) => sum + (label === 'honest' ? 0 : count), 0)
          const summary = { requests: tally.sent, refusedAttackers: attackers, refusedHonest: tally.refused.honest ?? 0 }
          if (options.json === true) await terminal.print(toJsonLine({ url: plane.url, ...summary }))
          await say(
            `\n${bold(`${summary.requests} requests played`)}: ${summary.refusedAttackers} of attackers were refused, ${summary.refusedHonest} of honest people.\n` +
              dim('Remove everything of it with parapet demo --remove.'),
          )
        } finally {
          await shop.close()
        }
        if (plane.own !== undefined && !ending.signal.aborted) {
          await say(`\nThe console stays at ${cyan(plane.url)} until Ctrl-C.`)
          await stop
        }
        return EXIT.ok
      } finally {
        await plane.own?.stop()
      }
    }),
  )
}
