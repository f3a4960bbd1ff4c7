import { storageConformance } from '../conformance/storage.ts'
import { onSqlite } from '../support/stores.ts'

onSqlite(storageConformance)
