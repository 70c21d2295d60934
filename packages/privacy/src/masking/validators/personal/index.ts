import type { Validator } from '../validator.js'
import { bitcoinAddress, ethereumAddress } from './crypto-address.js'
import { emailAddress } from './email-address.js'
import { iban } from './iban.js'
import * as europe from './national-ids-europe.js'
import * as world from './national-ids-world.js'
import { birthDate, ipv4, ipv6, macAddress } from './network-address.js'
import { paymentCard } from './payment-card.js'
import { phoneDigits, phoneInternational, phoneNanp, phoneNational } from './phone.js'

/** Validators of personal data, by the name that rules use. */
export const personalValidators: Readonly<Record<string, Validator>> = {
  aadhaar: world.aadhaar,
  ahv: europe.ahv,
  'belgian-number': europe.belgianNumber,
  'birth-date': birthDate,
  'birth-number': europe.birthNumber,
  'bitcoin-address': bitcoinAddress,
  bsn: europe.bsn,
  cnp: europe.cnp,
  cnpj: world.cnpj,
  'codice-fiscale': europe.codiceFiscale,
  cpf: world.cpf,
  cpr: europe.cpr,
  cuil: world.cuil,
  curp: world.curp,
  dni: europe.dni,
  egn: europe.egn,
  'email-address': emailAddress,
  'ethereum-address': ethereumAddress,
  fodselsnummer: europe.fodselsnummer,
  hetu: europe.hetu,
  hkid: world.hkid,
  iban,
  ipv4,
  ipv6,
  itin: world.itin,
  luhn: world.luhnNumber,
  'mac-address': macAddress,
  'medicare-au': world.medicareAu,
  'my-number': world.myNumber,
  mykad: world.myKad,
  'national-insurance': europe.nationalInsurance,
  'nhs-number': europe.nhsNumber,
  nif: europe.nif,
  nir: europe.nir,
  nric: world.nric,
  'payment-card': paymentCard,
  personnummer: europe.personnummer,
  pesel: europe.pesel,
  'phone-digits': phoneDigits,
  'phone-international': phoneInternational,
  'phone-nanp': phoneNanp,
  'phone-national': phoneNational,
  pps: europe.pps,
  'resident-id': world.residentId,
  rrn: world.rrn,
  rut: world.rut,
  sin: world.sin,
  'south-african-id': world.southAfricanId,
  ssn: world.ssn,
  'steuer-id': europe.steuerId,
  'taiwan-id': world.taiwanId,
  tckn: europe.tckn,
  tfn: world.tfn,
  'thai-id': world.thaiId,
  vin: world.vin,
}
