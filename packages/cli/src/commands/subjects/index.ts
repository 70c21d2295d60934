import { type AddCommand, examples, SERVER_HELP } from '../../command.js'
import { EXIT_HELP } from '../../exit-codes.js'
import { addSubjectsAct } from './act.js'
import { addSubjectsList } from './list.js'
import { addResetPage } from './reset-page.js'
import { addSubjectsReset } from './reset.js'
import { addSubjectsShow } from './show.js'

/** `parapet subjects`: the users of protected applications. */
export const addSubjects: AddCommand = (program, context) => {
  const subjects = program
    .command('subjects')
    .summary('users of your applications: risk, sessions, suspend, reset')
    .description('Shows the users of protected applications, and makes them prove who they are.')
  subjects.usage('[list|show|suspend|clear|reset|reset-page] [options]')
  for (const add of [addSubjectsList, addSubjectsShow, addSubjectsAct, addSubjectsReset, addResetPage]) add(subjects, context)
  subjects.addHelpText(
    'after',
    `${examples([
      ['parapet subjects', 'who they are, seen last first'],
      ['parapet subjects suspend ann@example.org --reason "laptop stolen"', 'out everywhere, until cleared or a week has passed'],
      ['parapet subjects reset --all --reason "a leak" --dry-run', 'how many would have to set a new password'],
    ])}\n\n${SERVER_HELP}\n\n${EXIT_HELP}\n`,
  )
}
