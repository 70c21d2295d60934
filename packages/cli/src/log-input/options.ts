import type { Command } from 'commander'
import { collect } from '../command.js'
import { FORMAT_HELP, MAPPING_HELP } from './format.js'

/** What {@link withRecentLogs} adds to the options of a command. */
export type RecentLogOptions = { readonly auth?: string[]; readonly since: string; readonly format: string; readonly mapping?: string }

/** The argument and options of commands that look at what happened lately, in the usual logs unless others are named. */
export const withRecentLogs = (command: Command, files: string): Command =>
  command
    .argument('[file...]', files)
    .option('--auth <where>', 'another log: a file, journal, or docker:NAME; may be given again', collect)
    .option('--since <when>', 'from then on: 24h, 7d, 2026-11-21, "2026-11-21 08:00" (UTC)', '24h')
    .option('--format <name>', FORMAT_HELP, 'auto')
    .option('--mapping <file>', MAPPING_HELP)
