export { type Audit, type AuditRecord, createAudit } from './audit.js'
