export { createNotices, type NewNotice, type Notices } from './notices.js'
