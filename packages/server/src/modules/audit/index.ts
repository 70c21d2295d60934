export { type Audit, type AuditRecord, createAudit, isReasonCode } from './audit.js'
