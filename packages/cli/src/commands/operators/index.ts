import { type AddCommand, examples, SERVER_HELP } from '../../command.js'
import { addOperatorsChange } from './change.js'
import { OPERATORS_EXIT_HELP } from './exit-help.js'
import { addOperatorsList } from './list.js'
import { addOperatorsRecover } from './recover.js'

/** `parapet operators`: who may sign in to the control plane. */
export const addOperators: AddCommand = (program, context) => {
  const operators = program
    .command('operators')
    .summary('list, add, reset and recover those who sign in')
    .description('Shows and changes who may sign in to the control plane.')
  operators.usage('[list|add|role|reset|sessions|remove|recover] [options]')
  addOperatorsList(operators, context)
  addOperatorsChange(operators, context)
  addOperatorsRecover(operators, context)
  operators.addHelpText(
    'after',
    `${examples([
      ['parapet operators', 'who may sign in, and with what'],
      ['parapet operators add ben', 'a viewer, with a link to set the password'],
      ['parapet operators recover', 'on the machine itself, when nobody can sign in any more'],
    ])}\n\n${SERVER_HELP}\n\n${OPERATORS_EXIT_HELP}\n`,
  )
}
