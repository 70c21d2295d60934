import type { QualityReport } from '@parapet/detect'

/** From how many lines on an attack of a class is one; 8 for those that are not listed. An impossible journey is one sign-in. */
export const LEAST_LINES: Readonly<Record<string, number>> = {
  impossible_travel: 1,
  ssh_distributed: 30,
  cred_stuffing: 40,
  stuffing_distributed: 40,
  stuffing_one_ip: 20,
}

/** The least share of attacks of every class that alerts tell of. */
const RECALL = 0.99

/** One class over all seeds. `precision` is `undefined` where no alert of level medium or above is made for it. */
export type PooledClass = {
  readonly name: string
  readonly campaigns: number
  readonly found: number
  readonly recall: number
  readonly precision: number | undefined
}

/** Reports of several seeds as one. */
export type Pooled = {
  readonly lines: number
  readonly cpuMs: number
  readonly fired: number
  readonly benign: number
  readonly accused: number
  readonly falseAlerts: number
  readonly missed: readonly string[]
  readonly classes: readonly PooledClass[]
}

/** Puts the reports of several seeds together. */
export const poolQuality = (reports: readonly QualityReport[]): Pooled => {
  const sum = (read: (report: QualityReport) => number): number => reports.reduce((total, report) => total + read(report), 0)
  const names = [...new Set(reports.flatMap(({ classes }) => Object.keys(classes)))].toSorted()
  return {
    lines: sum(({ lines }) => lines),
    cpuMs: sum(({ cpuMs }) => cpuMs),
    fired: sum(({ fired }) => fired),
    benign: sum(({ benign }) => benign),
    accused: sum(({ accused }) => accused.length),
    falseAlerts: sum(({ falseAlerts }) => falseAlerts),
    missed: reports.flatMap(({ missed }) => missed),
    classes: names.map((name) => {
      const of = (read: (entry: QualityReport['classes'][string]) => number): number =>
        sum(({ classes }) => (classes[name] === undefined ? 0 : read(classes[name])))
      const [campaigns, found, hostile, others] = [of((c) => c.campaigns), of((c) => c.found), of((c) => c.hostile), of((c) => c.benign)]
      return {
        name,
        campaigns,
        found,
        recall: campaigns === 0 ? 1 : found / campaigns,
        precision: hostile === 0 ? undefined : hostile / (hostile + others),
      }
    }),
  }
}

/** The floors that are missed, in words: recall in every class (one attack a file may be cut short), and no benign address accused. */
export const judgeQuality = (pooled: Pooled, files: number): readonly string[] => [
  ...pooled.classes
    .filter(({ campaigns, found, recall }) => recall < RECALL && campaigns - found > files)
    .map(({ name, campaigns, found }) => `recall of ${name}: ${found} of ${campaigns} (floor ${RECALL})`),
  ...(pooled.accused === 0 ? [] : [`${pooled.accused} benign addresses in alerts of level medium or above (floor 0)`]),
]
