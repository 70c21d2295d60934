import { userInfo } from 'node:os'
import { type OperatorView, ParapetError } from '@parapet/core'
import type { Command } from 'commander'
import { type CommandContext, examples, withJson } from '../../command.js'
import { usageError } from '../../errors.js'
import { EXIT, type ExitCode } from '../../exit-codes.js'
import { escapeText } from '../../output/escape.js'
import { confirmName } from './confirm.js'
import { OPERATORS_EXIT_HELP } from './exit-help.js'
import { findOperator } from './find-operator.js'
import { sayLink } from './say-link.js'

type RecoverOptions = {
  readonly config?: string
  readonly dataDir?: string
  readonly keepFactors?: boolean
  readonly keepSessions?: boolean
  readonly keepTokens?: boolean
  readonly yes?: boolean
  readonly json?: boolean
}

/** Whom it is for when no name was given: the only admin there is. */
const choose = (operators: readonly OperatorView[], name: string | undefined): OperatorView => {
  if (name !== undefined) return findOperator(operators, name)
  const admins = operators.filter(({ role }) => role === 'admin')
  if (admins.length === 1 && admins[0] !== undefined) return admins[0]
  if (admins.length === 0) throw usageError('there is no operator yet: parapet init makes the first one')
  throw usageError(
    `say which admin: ${admins
      .slice(0, 10)
      .map((admin) => JSON.stringify(admin.name))
      .join(', ')}`,
  )
}

const recover =
  (context: CommandContext) =>
  async (name: string | undefined, options: RecoverOptions): Promise<ExitCode> => {
    const { env, terminal, now } = context
    const { loadConfig, openOperatorsPlace } = await import('@parapet/server')
    const { config } = await loadConfig({
      env,
      ...(options.config === undefined ? {} : { file: options.config }),
      ...(options.dataDir === undefined ? {} : { options: { dataDir: options.dataDir } }),
    })
    const place = await openOperatorsPlace(config, { env, clock: now })
    try {
      const operator = choose(await place.list(), name)
      const choice = { factors: options.keepFactors !== true, sessions: options.keepSessions !== true, tokens: options.keepTokens !== true }
      const ending = [
        'the password',
        ...(choice.factors ? ['second factors and recovery codes'] : []),
        ...(choice.sessions ? ['sessions'] : []),
        ...(choice.tokens ? ['tokens'] : []),
      ]
      if (options.yes !== true) await confirmName(terminal, operator.name, [`This ends, of ${operator.name}: ${ending.join(', ')}.`])
      const who = userInfo().username
      const record = (outcome: 'success' | 'failure', detail: Record<string, string | number | boolean>, reason?: string): Promise<void> =>
        place.audit.record({
          at: now(),
          actor: { kind: 'system', id: 'parapet-operators', name: who },
          action: 'operator.recovered',
          resource: { type: 'operator', id: operator.id },
          outcome,
          ...(reason === undefined ? {} : { reason }),
          detail: { name: operator.name, ...choice, ...detail },
        })
      try {
        const { link, sessions, tokens } = await place.reset(operator.id, choice)
        await record('success', { sessions_ended: sessions, tokens_ended: tokens })
        await place.tell(operator.id, { kind: 'reset_started', by: `${who} on the machine` })
        const ended = { sessions, tokens, factors: choice.factors }
        const said = `${escapeText(operator.name)} can set a new password.`
        await sayLink(context, { operator, said, link, json: options.json === true, ended })
      } catch (error) {
        // what was tried is written down as well, as far as there is anything to write to
        await record('failure', {}, error instanceof ParapetError ? error.code : 'PPT_INTERNAL').catch(() => undefined)
        throw error
      }
      return EXIT.ok
    } finally {
      await place.close()
    }
  }

/** `parapet operators recover`: the way back in on the machine itself. */
export const addOperatorsRecover = (operators: Command, context: CommandContext): void => {
  withJson(
    operators
      .command('recover')
      .summary('on the machine itself: a way back in when nobody can sign in')
      .description(
        'Works on the data directory and its database, with or without a running server, and asks nobody for a token: whoever may read that ' +
          'directory is an admin already. Ends the password, the second factors, the sessions and the tokens of one operator, and prints a one-time ' +
          'link, good for a day. It is written into the record with the name of the user who ran it, and the operator is told.',
      )
      .argument('[name]', 'a name or an id; left out where there is one admin')
      .option('--keep-factors', 'the app, the passkeys and the recovery codes stay: they are asked for after the new password')
      .option('--keep-sessions', 'stay signed in where they are')
      .option('--keep-tokens', 'tokens they made stay good')
      .option('--data-dir <dir>', 'of the control plane; PARAPET_DATA_DIR')
      .option('--config <file>', 'read this file; PARAPET_CONFIG, else parapet.yml in the data directory')
      .option('--yes', 'do not ask, for programs')
      .addHelpText(
        'after',
        `${examples([
          ['sudo -u parapet parapet operators recover', 'the only admin lost phone and password'],
          ['parapet operators recover ann --keep-factors', 'only the password is forgotten'],
        ])}\n\n${OPERATORS_EXIT_HELP}\n`,
      ),
  ).action(context.run(recover(context)))
}
