import type { RuleProblem } from '../../app/detect-api.js'
import { HostileText } from '../../components/hostile-text.js'
import { plural } from '../../lib/format.js'

/** What was wrong with files of rules: where, and why. The other rules run. */
export const UnreadFiles = ({ problems }: { readonly problems: readonly RuleProblem[] }) =>
  problems.length === 0 ? null : (
    <details className="alarm mb-4">
      <summary className="font-medium">{plural(problems.length, 'problem')} in files of rules; the other rules run</summary>
      <ul className="mt-1 grid gap-1 text-[0.93rem]">
        {problems.map((problem) => (
          <li key={`${problem.file}:${problem.line}:${problem.reason}`} className="wrap-anywhere">
            <HostileText text={`${problem.file}:${problem.line}`} limit={160} className="font-mono text-[0.9em]" />{' '}
            <HostileText text={problem.reason} limit={300} />
          </li>
        ))}
      </ul>
    </details>
  )
