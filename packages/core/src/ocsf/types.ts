/** A JSON object as OCSF nests it. */
export type OcsfObject = { [key: string]: OcsfValue }
/** What an OCSF attribute may hold. */
export type OcsfValue = string | number | boolean | null | OcsfObject | OcsfValue[]

/** The version of the schema that is written. Source: Open Cybersecurity Schema Framework 1.4.0. */
export const OCSF_VERSION = '1.4.0'

/** The attributes that every event of the framework has. `time` in ms UTC; `type_uid` is class times 100 plus activity. */
export type OcsfEvent = OcsfObject & {
  category_uid: number
  class_uid: number
  class_name: string
  activity_id: number
  type_uid: number
  severity_id: number
  time: number
}
