import { exitHelp } from '../../exit-codes.js'

/** Exit codes of the commands about operators: they look for nothing, so there are no findings. */
export const OPERATORS_EXIT_HELP: string = exitHelp('done', 'not used here')
