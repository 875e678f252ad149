# ruff: noqa: E501, SIM905
"""Invented people, numbers, field names and sentences that `blind_set` plants.

Written without a look at the rules of `headrisk.metadata`, and not to be changed when those rules
are mended: what is found of them at first sight is the figure that docs/metadata.md states.
"""

GIVEN = """
Anneliese Gottfried Swantje Ekkehard Ottilie Detlef Yolanda Eustace Winifred Barnaby Philippa Rupert
Maëlys Thibault Clotilde Gaëtan Océane Aurélien Guadalupe Íñigo Remedios Joaquín Ximena Evaristo
Ginevra Ludovico Fiammetta Ermanno Raffaella Gioacchino Leocádia Tomé Iracema Valdemar Jussara
Zbigniew Grażyna Bogumiła Wieńczysław Halina Mieczysław Božena Květoslav Ludmila Zdeněk Libuše
Rasmus Signe Torbjørn Ragnhild Åke Gunilla Sölvi Þórdís Aapo Tellervo Väinö Kyllikki Juhani
Özgür Şebnem Kıvanç Nilüfer Çağlar Hatice Dimitrios Chrysoula Evangelos Paraskevi Anastasios
Yevgeny Lyudmila Vsevolod Zinaida Miroslava Bohdan Svitlana Ihor Arpád Zsófia Csaba Borbála
Haruto Sakura Kenjiro Michiko Takahiro Noriko Xiaoming Lihua Jianguo Meiling Wenjie Yuxuan
Jihoon Soyeon Minseok Eunji Nguyet Quang Thuy Hieu Arjun Lakshmi Venkatesh Sushila Gurpreet
Harleen Imran Fatemeh Rezā Shirin Abdulrahman Khadija Mustafa Zaynab Yusuf Layla Oluwaseun
Chinelo Adebayo Ngozi Thandiwe Sipho Nomvula Kwabena Akosua Wanjiru Kiprono Tsegaye Almaz
Mahina Kaleo Tane Marama Aroha Sione Siegmund Hedwig Cornelis Marijke Joost Femke Wouter Anouk
Branislav Dragana Vuk Jelena Ivaylo Tsvetana Gheorghe Ileana Rodica Liviu Arben Mirela Gintaras
Rūta Andris Ilze Tõnu Maarja Shlomo Rivka Avigail Eliahu Caoimhe Padraig Siobhán Eoghan Rhiannon
""".split()

FAMILY = """
Brandstätter Kiesewetter Oberhuber Schimmelpfennig Überreuter Weißgerber Featherstonehaugh Ramsbottom
Winterbourne Entwistle Thistlethwaite Crabtree Desrosiers Bélanger Chauvière Poincheval Lemoigne
Etxeberria Villagrán Zumalacárregui Ordóñez Bustamante Quiñones Bevilacqua Quattrocchi Pappalardo
Mastrangelo Scognamiglio Vasconcelos Albuquerque Magalhães Figueiredo Brzęczyszczykiewicz Wojciechowska
Szczepański Krzyżanowski Gołębiewska Procházková Dvořáček Vondráčková Hruška Kjeldsen Østergaard
Lindqvist Åkerström Guðmundsdóttir Hämäläinen Lehtimäki Koskinen Karabulut Öztoprak Yıldırım
Büyükşahin Papadimitriou Konstantinidis Theodorakopoulos Smirnova Vinogradov Zolotaryova Kuznetsova
Shevchuk Horbachenko Nagy-Szabó Kertész Szentgyörgyi Watanabe Kobayashi Fujimoto Matsushita Hashimoto
Zhang Ouyang Situ Zheng Huang Hwang Seong Namgung Nguyen Truong Huynh Venkataraman Chatterjee
Subramaniam Deshpande Dhillon Qureshi Hosseinzadeh Ghorbani Al-Khatib El-Sayed Benabdallah Boukhari
Okonkwo Adeyemi Olatunji Nwachukwu Dlamini Mkhize Ndlovu Asante Owusu Kamau Cheruiyot Gebremedhin
Kahananui Parata Tuilagi Vandenbroucke Dijkstra Hoogeveen Terpstra Zijlstra Petrović Marković
Dimitrova Todorova Popescu Ionescu Dumitrescu Hoxha Kazlauskas Jankauskienė Kalniņš Bērziņš Tamm
Rosenzweig Mizrahi Blumenfeld Ó Súilleabháin MacGillivray Llewellyn Abercrombie Haggerty
Vanderheyden Kornblum Schnackenberg Traugott Wippermann Zabel Quandt Pfitzenmaier Hüttenrauch Rehfeldt
Lautenschläger Mordhorst Niebuhr Ohlendorf Tiedemann Uhlenbrock Wöbbeking Steinbrecher Haverkamp Ellinghaus
""".split()
FAMILY.remove("Ó")

# --- field names: of a person's name -------------------------------------------------------------
NAME_FIELDS = """
name full_name FullName patient participant_name subjectName Surname last_name lastname family_name
first_name givenName forename nachname vorname familienname Patientenname apellidos nombre_completo
cognome nome_cognome sobrenome nom_de_famille prenom prénom nom_usuel imie nazwisko imię_i_nazwisko
jmeno příjmení fornavn efternavn etternavn etunimi sukunimi isim soyadi adsoyad имя фамилия ФИО 姓名
氏名 이름 ονοματεπώνυμο الاسم naam achternaam voornaam maiden_name MotherMaidenName birth_name geburtsname
next_of_kin NOKname emergency_contact_name proband pt_name PtNm subj_nm spouse_name carer legal_guardian
preferredName nickname alias_of_person csalad_nev vezeteknev prezime ime nume_prenume mother_name
father_full_name contact_person childs_name volunteer_name donor_name initials_and_name signed_by
consent_signature scanned_person name_of_subject what_is_your_name respondent_name teilnehmername
Proband:in Versicherter patient_nom nombres naisnimi perekonnanimi vards_uzvards vardas_pavarde
""".split()

BIRTH_FIELDS = """
dob DOB date_of_birth DateOfBirth birthdate birth_date birthday BirthDay birth_dt dobirth d_o_b born
born_on BornDate geburtsdatum GebDat geb_datum geburtstag fecha_nacimiento FechaNac f_nac nacimiento
date_de_naissance DateNaissance ddn naissance né_le data_di_nascita nato_il data_nascita
data_nascimento nasc geboortedatum geb_dat_pat fodselsdato fødselsdato födelsedatum syntymaaika
syntymäaika data_urodzenia ur_data datum_narozeni datum_rođenja születési_dátum dogum_tarihi doğumTarihi
дата_рождения 生年月日 出生日期 생년월일 patient_birth_date subjBirth subject_dob participantDOB childDOB
dob_mother demo_dob scrn_dob bl_birthdate DM_BRTHDTC BRTHDTC PatBirth pt_dob when_were_you_born
birthdate_iso dob_ddmmyyyy dob_excel dob_num baby_dob infantBirthDate date_birth datebirth
""".split()

DATE_FIELDS = """
date scan_date ScanDate mri_date MRIDate acquisition_date acq_date acqDate AcqDt visit_date VisitDate
visitdt date_visit session_date sessionDate exam_date exam_dt ExamDate study_date test_date tested_on
assessment_date assess_dt interview_date date_of_interview consent_date ConsentDt enrolment_date
enrolled_on randomisation_date rand_dt surgery_date op_date OPDatum untersuchungsdatum messdatum datum
fecha fecha_estudio fechaMRI date_examen dateIRM data_esame data_badania dato undersogelsesdato datum_mri
tarih дата 検査日 日期 admission_date discharge_date date_of_death dod deathDate diagnosis_date dx_date
onset_date symptom_onset_date last_seizure_date lastDose_date vaccination_date blood_draw_dt
sample_collected questionnaire_completed completed_at timestamp created created_at uploaded_on
modified_date StartDate RecordedDate EndDate date_w1 date_w2 wave2_date baselineDate fu_date fu12m_dt
follow_up_1_date date_last_contact LP_date pet_date eeg_date EEG_datetime acq_time_local visit_1 day_of_scan
""".split()

AGE_FIELDS = """
age Age AGE age_years ageYears age_at_scan AgeAtScan scan_age age_scan age_mri AgeMRI mri_age age_yrs
age_y age_bl AgeBL baseline_age age_w1 age_wave2 AgeWave3 age_t1 age_T2 age_v1 age_visit_2 fu_age
age_fu1 age_followup ageFollowUp age_at_death AgeDeath age_of_death death_age age_at_onset age_onset
AgeOnset onsetAge age_dx age_at_diagnosis age_diag current_age currentAge participant_age subject_age
subjAge PatientAge pt_age ptAge demo_age demographics_age alter Alter alter_jahre AlterMRT lebensalter
edad edad_anos Edad_años age_ans âge eta età eta_anni idade idade_anos leeftijd leeftijd_jaren alder
ålder ika ikä wiek wiek_lata vek věk életkor yas yaş возраст 年齢 年龄 나이 age_rounded age_int agegrp_exact
age_interview interview_age age_test AgeTest testAge age_assessment assessmentAge age_pet age_eeg
years_old yearsOld how_old age_father age_mother maternal_age paternalAge partner_age caregiver_age
age_last_birthday alter_bei_messung age_in_years exact_age AgeExact age_dec age_decimal age_at_enrolment
""".split()

TIME_FIELDS = """
time scan_time ScanTime acq_clock AcquisitionTime acquisition_time AcqTime acqtime time_of_day
timeOfDay TimeOfScan time_scan mri_time MRItime start_time startTime StartTimeOfDay scan_start
scan_start_time scan_end_time end_time_clock exam_time ExamTime test_time_of_day visit_time VisitTime
session_time session_start sessionStartTime arrival_time ArrivalTime clock clock_time clocktime uhrzeit
Uhrzeit_MRT messbeginn startzeit hora hora_inicio HoraEstudio heure heure_debut heureIRM ora ora_inizio
ora_esame horario tijd tijdstip starttijd klokkeslett klockslag kellonaika godzina godzina_badania cas_mereni
saat время_съемки 時刻 检查时间 bedtime BedTime wake_time wakeTime wakeup_time sleep_onset_clock lights_out
lights_off_time got_up_at injection_time InjectionTime dose_time DoseTime drug_time blood_draw_time
sample_time sampleTime saliva_time cortisol_time_1 last_meal last_meal_time lastCoffee time_last_cigarette
time_admission birth_time time_of_birth geburtszeit SeriesTime StudyTime ContentTime PerformedTime
""".split()

RECORD_FIELDS = """
mrn MRN medical_record_number MedicalRecordNo hospital_number HospNo hosp_no hospital_id HospitalID
patient_id PatientID patientid patient_no pat_nr PatNr Patientennummer pat_id pid PIZ fallnummer FallNr
fall_nr aufnahmenummer aufnahme_nr krankenaktennummer historia_clinica NHC nhc num_historia numero_dossier
NumDossier nip_patient IPP ipp codice_paziente cartella_clinica numero_prontuario prontuario patientnummer
journalnummer journal_no potilasnumero numer_pacjenta nr_historii rodne_kartoteka hasta_no HastaNo
номер_карты 患者ID 患者番号 病历号 住院号 chart_no chart_number ChartNum case_number CaseNo case_id accession
accession_no AccessionNumber acc_nr ris_id RIS_number pacs_id PACSID visit_number_hospital encounter_id
EncounterID admission_no admissionId insurance_no InsuranceNumber versichertennummer policy_number
health_card HealthCardNo epic_mrn EMPI empi_id uhid UHID EHR_id ehrNumber registry_id biobank_id
lab_sample_no sample_barcode barcode specimen_id prolific_id ProlificPID mturk_worker WorkerId sona_id
SonaID redcap_record redcap_id record_id student_number matrikelnummer MatrNr employee_id staff_number
passport_no PassportNumber driver_licence DriversLicense licence_plate kennzeichen bank_account iban
""".split()

NATIONAL_FIELDS = """
ssn SSN social_security SocialSecurityNo nhs_number NHSNo nhsnum chi_number CHI hetu henkilotunnus
personnummer person_nr fodselsnummer fnr cpr CPRnr cpr_nummer bsn BSN burgerservicenummer rijksregisternummer
nir NumSecu numero_securite_sociale insee codice_fiscale CodFisc cf dni DNI nif NIE cpf CPF pesel PESEL
rodne_cislo RC cnp CNP egn EGN oib OIB jmbg JMBG isikukood personas_kods asmens_kodas tckn TCKimlik
tc_kimlik_no steuer_id SteuerID idnr svnr svnummer ahv AHVNr avs sin SIN curp CURP rut RUT cedula aadhaar
AadhaarNo pan_card 身份证号 住民番号 national_id NationalID nationalIdNumber national_number government_id
id_number identity_no id_card_number citizen_id citizenId tax_id taxNumber teudat_zehut resident_registration
kennitala ppsn PPS_no medicare_no ihi hic_number amka AMKA
""".split()

PHONE_FIELDS = """
phone Phone phone_number PhoneNo phonenumber telephone Telephone tel Tel_nr tel_no telefon Telefon
Telefonnummer telefonnr handy Handynummer mobil mobile Mobile_No mobilePhone cell cell_phone CellPhone
cellular contact_number ContactNo contactnumber call_me home_phone HomePhone home_tel work_phone
workTel fax Fax_no faxnummer whatsapp WhatsApp_number signal_no sms_number emergency_phone NOK_tel
telefono teléfono numero_telefono movil móvil celular telephone_portable portable tél numero_tel cellulare
recapito_telefonico telemovel telemóvel telefoon telefoonnummer mobiel mobiltelefon mobilnummer
puhelin puhelinnumero numer_telefonu komorka telefonní_číslo mobilni_telefon telefonszam cep_telefonu
cepTel телефон мобильный 電話番号 电话 手机号 전화번호 τηλέφωνο الهاتف best_number_to_reach_you parents_phone
guardianPhone gp_phone landline pager extension_or_phone
""".split()

MAIL_FIELDS = """
email Email e_mail EMail e-mail emailaddress EmailAddress email_address mail mailaddress mail_address
Mailadresse emailadresse E-Mail-Adresse correo correo_electronico CorreoElec courriel adresse_mail
adresse_electronique posta_elettronica indirizzo_email endereco_email e_post epost e-postadress
sahkoposti sähköposti adres_email poczta elektronicka_posta eposta e_posta почта эл_почта メール 邮箱 이메일
contact_email ContactMail contact participant_email subj_mail parent_email parentEmail guardian_mail
work_email login username_mail user_login account_name reply_to recipient RecipientEmail invite_sent_to
qualtrics_email prolific_contact paypal PayPal_account payment_to google_account teams_user skype
""".split()

POST_FIELDS = """
zip ZIP zip_code ZipCode zipcode zip5 ZIP_plus4 postcode PostCode post_code postal_code PostalCode
postal plz PLZ Postleitzahl plz_wohnort code_postal CodePostal cp codigo_postal CodPostal cod_postal
cap CAP codice_avviamento cep CEP codigo_enderecamento postnummer PostNr postnr postinumero
kod_pocztowy KodPocztowy psc PSČ iranyitoszam irányítószám posta_kodu postakodu почтовый_индекс индекс
郵便番号 邮编 우편번호 pincode PIN_code eircode home_postcode HomeZip residence_zip birth_zip
school_postcode gp_postcode address_postcode addr_zip5 mailing_zip
""".split()

ADDRESS_FIELDS = """
address Address home_address HomeAddress street Street street_address addr addr1 address_line_1 anschrift
Anschrift adresse strasse Straße wohnadresse direccion dirección domicilio calle adresse_postale rue
indirizzo via residenza endereco endereço morada rua adres ulica adresa bydliste lakcim adress gatuadress
osoite katuosoite adres_ev адрес 住所 地址 주소 διεύθυνση mailing_address residence where_do_you_live
""".split()

TEXT_FIELDS = """
comment comments Comments remark remarks Remark note notes Notes free_text freetext FreeText bemerkung
Bemerkungen anmerkung notiz kommentar Kommentare comentario comentarios observaciones observation
remarque remarques commentaire note_libere osservazioni observacoes opmerking opmerkingen bemærkning
anmärkning huomautus uwagi poznamka poznámka megjegyzes notlar açıklama примечание 備考 备注 비고
other_specify OtherSpecify other_text if_yes_please_specify please_describe describe details Detail
explain reason_text reason reason_for_exclusion exclusion_reason incident incidents adverse_event
AE_description medical_history anamnese anamnesis med_hist history current_medication_text medication
symptoms Beschwerden complaint chief_complaint findings incidental_findings incidental radiology_report
report befund Befundtext beurteilung impression diagnosis_text dream_report open_answer answer_12
q14_open Q7_TEXT Q23_5_TEXT feedback debrief debriefing how_was_it strategy_report thoughts interview_text
transcript diary diary_entry occupation_other what_did_you_notice session_log scan_notes operator_notes
qc_comment QC_notes ra_notes experimenter_remarks observation_text life_event worst_event mw_probe_text
""".split()

SECRET_FIELDS = """
password Password passwd pwd pw passwort Kennwort contraseña clave mot_de_passe senha wachtwoord
losenord salasana haslo heslo parola пароль パスワード 密码 db_password DBPassword dbPass mysql_pwd
api_key apiKey API_KEY apikey access_key AccessKeyId aws_secret_access_key secret_key SecretKey secret
client_secret clientSecret token auth_token AuthToken access_token accessToken bearer refresh_token
github_token GH_TOKEN gitlab_pat xnat_password XNAT_PASS redcap_token REDCapApiToken redcap_api_token
osf_token OSF_PAT ssh_key private_key privateKey passphrase PassPhrase pin_code_login login_password
smtp_password ftp_pass sftpPassword session_cookie webhook_url connection_string slack_webhook
encryption_key orthanc_password pacs_pwd openneuro_key datalad_token
""".split()

PATH_FIELDS = """
path file_path FilePath filename source SourceFile source_file source_path original_file OriginalPath
raw_dir rawDirectory input InputFile input_dir inputs output OutputDir out_dir output_folder working_dir
workdir WorkingDirectory cwd log_file LogPath config ConfigFile script script_path Command command
CommandLine cmd cmdline dicom_dir DICOMFolder dicomPath stim_path stimulusFolder protocol_file
matlab_path subjects_dir SUBJECTS_DIR freesurfer_home FSLDIR_used license_file template_path
mask_file roi_file anat_file parent_folder location saved_as backup_of exported_to Datei Pfad ruta chemin
""".split()

PATHS = r"""
/home/{u}/projects/mri/raw
/home/{u}
/Users/{u}/Desktop/scans
C:\Users\{u}\Documents\MRI
C:/Users/{u}/data
D:\Users\{u}\AppData\Local\Temp\x
C:\Documents and Settings\{u}\My Documents
\\fileserver\home\{u}\bids
\\nas01\users$\{u}
/home/staff/{u}/analysis
/export/home/{u}/fmri
/data/home/{u}/bids
/mnt/users/{u}/ds
/net/homes/{u}/code
file:///home/{u}/x.nii.gz
~{u}/scripts/run.sh
/scratch/users/{u}/work
/afs/cs/user/{u}/pub
/nfs/home/{u}/t1.nii
/mnt/c/Users/{u}/Downloads
/storage/home/{u}/qc
/Volumes/homes/{u}/MRI
/home2/{u}/bin/tool
/u/home/{u}/job
/gpfs/home/{u}/sub
""".strip().splitlines()

USERS = """
kbrandst hjweber77 m_oezt thistle89 jvasc pquatt lhelle snowbound_k wkrueger zofiag rkapoor ylindqv
tnakagawa cferrante dmkhize bhalvor gpopescu eavraham fchevrier oshevchuk nkamau ihoxha vmarkov aquine
""".split()

SERIAL_FIELDS = """
DeviceSerialNumber device_serial_number SerialNumber serial_number serialNo serial Serial serial_no
SN sn_scanner scanner_serial ScannerSerialNumber scannerSN scanner_sn system_serial SystemSerialNumber
magnet_serial MagnetSerialNo coil_serial CoilSerialNumber headcoil_sn gradient_serial amplifier_serial
AmplifierSerialNumber ampSN amp_sn EEGAmplifierSerial cap_serial CapSerialNumber MEGserial
DetectorSerialNumber detector_id_serial eyetracker_serial EyeTrackerSN tracker_serial response_box_serial
seriennummer Seriennummer SerienNr geraetenummer Gerätenummer numero_de_serie numeroSerie numero_serie
NumSerie matricola numero_di_serie serienummer serienr sarjanumero numer_seryjny vyrobni_cislo sorozatszam
seri_no серийный_номер 製造番号 序列号 equipment_serial PumpSerialNumber stimulator_serial TMS_serial
thermometer_sn camera_serial CameraSN laptop_serial ManufacturersSerialNumber manufacturer_serial
hw_serial hardware_sn UniqueDeviceID asset_tag inventory_no
""".split()

UID_FIELDS = """
StudyInstanceUID SeriesInstanceUID SOPInstanceUID study_instance_uid series_uid SeriesUID seriesuid
studyUID study_uid StudyUid uid UID dicom_uid DicomUID FrameOfReferenceUID frame_uid for_uid
ReferencedSOPInstanceUID ReferencedSeriesUID instance_uid InstanceUID sop_uid sopuid image_uid ImageUID
source_uid SourceImageUID OriginalUID parent_uid uid_series uid_study PETUID pet_series_uid mr_uid
scanUID scan_uid exam_uid ExamUID acquisition_uid AcquisitionUID IrradiationEventUID DeviceUID
SynchronizationFrameOfReferenceUID ConcatenationUID DimensionOrganizationUID TransactionUID
""".split()

# --- what is harmless: name of field, values ------------------------------------------------------
HARMLESS = {
    "trial_type": "rose violet daisy lily iris heather amber ruby",
    "condition": "hunter prey baker cook mason miller",
    "stimulus": "jack_o_lantern.png june_bug.png victoria_falls.jpg may_pole.jpg paris_tower.jpg",
    "stim_file": "face_012_neutral.png face_145_happy.png house_03.png tool_44.png",
    "word": "grace faith hope joy chase frank mark bill",
    "cue": "left right up down none both",
    "emotion": "anger fear joy disgust sadness surprise",
    "response": "hit miss false_alarm correct_rejection",
    "task": "nback flanker stroop restingstate gonogo faces",
    "block": "train test rest fix instr",
    "duration": "0.5 1.25 2.0 12.75 30 8.5",
    "onset": "0.0 12.503 25.017 37.52 50.024 62.53",
    "response_time": "0.532 0.611 0.498 1.204 0.877 0.7",
    "rt_ms": "532 611 498 1204 877 700",
    "scan_duration": "00:05:12 00:06:30 00:07:45 00:04:10 00:03:20 00:05:55",
    "time_to_complete": "2:31 3:12 1:55 4:02 2:48 3:30",
    "TotalSleepTime": "6:45 7:10 5:55 8:02 7:30 6:20",
    "reaction_time_s": "0.41 0.52 0.39 0.77 0.61 0.5",
    "repetition": "1 2 3 4 5 6",
    "run": "1 2 1 2 1 2",
    "volume": "91 92 95 99 101 104",
    "n_volumes": "240 240 238 240 239 240",
    "score": "90 91 95 97 99 100",
    "percent_correct": "89 90 92 94 97 99",
    "accuracy": "0.91 0.95 0.88 1.0 0.97 0.93",
    "BDI_total": "3 12 7 22 0 9",
    "IQ": "98 112 105 121 89 94",
    "MMSE": "29 30 28 27 30 26",
    "moca": "26 28 24 30 27 22",
    "updrs3": "12 33 25 41 18 9",
    "handedness_quotient": "90 100 -80 95 100 90",
    "edinburgh": "100 90 95 -100 85 100",
    "session_number": "1 2 3 1 2 3",
    "mean_fd": "0.112 0.201 0.098 0.33 0.145 0.176",
    "tsnr": "55.2 61.7 48.9 59.3 70.1 66.6",
    "snr": "12.5 14.2 11.8 13.3 12.9 15.1",
    "Left-Hippocampus": "4123.5 3987.1 4230.9 4011.7 3890.2 4102.6",
    "rh_superiorfrontal_thickness": "2.711 2.654 2.802 2.69 2.745 2.733",
    "EstimatedTotalIntraCranialVol": "1523412.6 1488120.3 1601234.9 1550023.1 1476555.5 1530001.2",
    "lh_G_cuneus_volume": "3021 2987 3110 2876 3054 2999",
    "BrainSegVol": "1123410 1098230 1201345 1150023 1089654 1144442",
    "md5": "9e107d9d372bb6826bd81d3542a419d6 e4d909c290d0fb1ca068ffaddf22cbd0 "
    "5d41402abc4b2a76b9719d911017c592 7d793037a0760186574b0282f2f435e7 "
    "acbd18db4cc2f85cedef654fccc4a4d8 37b51d194a7513e45b56f6524f2d51f2",
    "sha1": "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12 de9f2c7fd25e1b3afad3e85a0bd17d9b100db4b3 "
    "da39a3ee5e6b4b0d3255bfef95601890afd80709 aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d "
    "7c211433f02071597741e6ff5a8ea34789abbf43 b6589fc6ab0dc82cf12099d1c2d40ab994e8410c",
    "channel": "Fp1 Fp2 Cz Pz Oz T7",
    "electrode": "F3 F4 C3 C4 P3 P4",
    "x": "12.5 -33.1 0.2 45.9 -7.7 21.0",
    "y": "-91.0 -88.5 12.4 33.0 60.1 -45.2",
    "sampling_frequency": "1000 500 250 1000 500 250",
    "flip_angle": "90 90 9 8 77 60",
    "echo_time": "0.00298 0.03 0.0289 0.00246 0.0014 0.0356",
    "group_code": "HC PT HC PT HC PT",
    "treatment_arm": "A B A B A B",
    "dose_mg": "10 20 10 20 40 40",
    "trigger": "S1 S2 S3 S10 S11 S255",
    "event_code": "101 102 103 201 202 203",
    "sample": "12034 24571 36102 48877 60123 72999",
    "frame": "1234 2345 3456 4567 5678 6789",
    "keypress": "b y g r b y",
    "phase": "encoding recall encoding recall probe delay",
    "accent": "british american indian irish scottish welsh",
    "letter": "A B C X Y Z",
    "digit": "1 2 3 4 5 6",
    "picture_name": "apple_01 banana_02 cherry_03 anchor_04 bell_05 candle_06",
    "sentence_id": "s01 s02 s03 s04 s05 s06",
    "atlas_region": "Brodmann_9 Brodmann_46 Heschl Broca Wernicke Rolandic_Oper",
    "software": "fMRIPrep-23.1.4 FSL-6.0.5 SPM12-r7771 AFNI_21.2 ANTs-2.4.3 FreeSurfer-7.3.2",
    "status": "good bad good good bad good",
    "status_description": "high_gamma_noise n/a flat line_noise n/a n/a",
    "quality_rating": "excellent good fair poor good fair",
    "manufacturer_model": "Prisma Skyra TrioTim Achieva Ingenia MR750",
    "sequence": "tfl3d ep2d_bold ep2d_diff tse2d fl3d gre",
    "night_number": "1 2 3 1 2 3",
    "year_in_school": "1 2 3 4 5 6",
    "hemisphere": "L R L R L R",
    "gender_of_face": "male female male female male female",
    "face_identity": "AF01 AM02 BF03 BM04 CF05 CM06",
    "actor": "A1 A2 A3 B1 B2 B3",
    "interval_days": "14 28 30 31 60 90",
    "days_since_baseline": "0 182 365 547 730 911",
    "months_followup": "0 6 12 18 24 36",
    "shifted_acq": "1899-03-01T10:22:11 1899-03-02T09:12:30 1897-11-30T14:05:00 "
    "1896-01-12T08:30:00 1898-07-05T11:45:10 1895-09-09T16:20:20",
    "jitter": "1.5 2.25 3.0 2.75 1.75 2.5",
    "b_value": "0 1000 2000 1000 3000 0",
}

HARMLESS_KEYS = {
    "ShimSetting": [-3714, 4283, 1022, 330, -112, -87, 55, 12],
    "TaskName": "rest with eyes open",
    "TaskDescription": "Participants saw words such as Grace, Mark and Bill and pressed a key.",
    "Instructions": "Please fixate the cross. Press the left button for a face.",
    "CogAtlasID": "https://www.cognitiveatlas.org/task/id/trm_4c8a834779883",
    "CogPOID": "http://wiki.cogpo.org/index.php?title=Rest",
    "DatasetDOI": "doi:10.18112/openneuro.ds900123.v1.0.3",
    "ReferencesAndLinks": ["https://doi.org/10.1016/j.neuroimage.2012.05.001"],
    "HowToAcknowledge": "Please cite the paper (10.1093/cercor/bhx021).",
    "License": "CC-BY-4.0",
    "EchoTime": 0.00298,
    "RepetitionTime": 2.3,
    "FlipAngle": 90,
    "MagneticFieldStrength": 2.89362,
    "ImagingFrequency": 123.25,
    "SoftwareVersions": "syngo MR E11",
    "Manufacturer": "Siemens",
    "ManufacturersModelName": "Prisma_fit",
    "PulseSequenceDetails": "%SiemensSeq%_ep2d_bold",
    "ScanningSequence": "GR_IR",
    "SequenceVariant": "SK_SP_MP",
    "ScanOptions": "IR_WE",
    "SequenceName": "_tfl3d1_16ns",
    "ProtocolName": "t1_mprage_sag_p2_iso_1.0",
    "SeriesDescription": "ep2d_bold_MB6_PE3_rest_AP",
    "ConversionSoftware": "dcm2niix",
    "ConversionSoftwareVersion": "v1.0.20220720",
    "SliceTiming": [0.0, 0.3, 0.6, 0.9, 1.2],
    "ImageOrientationPatientDICOM": [1, 0, 0, 0, 0.98, -0.17],
    "CoilString": "HE1-4",
    "ReceiveCoilName": "HeadNeck_64",
    "MEGCoordinateSystem": "CTF",
    "MEGCoordinateSystemDescription": "Origin between the ears; x towards the nose, ALS orientation.",
    "EEGReference": "Average of left and right mastoids (M1 and M2)",
    "EEGCoordinateSystem": "EEGLAB-HJ",
    "FiducialsDescription": "Nasion, left and right preauricular points, digitised with a pen.",
    "HeadCoilCoordinates": [1.2, -3.4, 5.6],
    "TemplateName": "MNI152NLin2009cAsym",
    "SpatialReference": "https://templateflow.s3.amazonaws.com/tpl-MNI152Lin_res-01_T1w.nii.gz",
    "GeneratedBy": [
        {"Name": "fMRIPrep", "Version": "23.1.4", "CodeURL": "https://github.com/nipreps"}
    ],
    "Authors": ["Ada Lovelace", "Charles Babbage"],
    "Hash": "d41d8cd98f00b204e9800998ecf8427e",
    "Checksum": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "LongName": "Beck Depression Inventory",
    "Levels": {"1": "never", "2": "sometimes", "3": "often", "n/a": "not asked"},
    "Units": "seconds",
    "Description": "Age of the participant at the time of the scan, in years",
    "TermURL": "http://purl.obolibrary.org/obo/PATO_0000384",
    "MeasurementToolMetadata": {"Description": "State-Trait Anxiety Inventory (Spielberger)"},
    "Derivative": True,
    "TrialDuration": "00:00:12",
    "RecordingDuration": 634.5,
    "AcquisitionDuration": 312,
    "DelayTime": 1.5,
    "StartTime": -2.5,
    "BIDSVersion": "1.9.0",
    "HEDVersion": "8.2.0",
    "PowerLineFrequency": 50,
    "StimulusPresentation": {"SoftwareName": "PsychoPy", "SoftwareVersion": "2022.2.5"},
    "Columns": ["cardiac", "respiratory", "trigger"],
    "WaterSuppressionTechnique": "VAPOR",
    "ResonantNucleus": "1H",
    "TracerName": "FDG",
    "InjectedRadioactivity": 185.0,
    "ModeOfAdministration": "bolus",
    "FrameTimesStart": [0, 30, 60, 120],
    "LabelingType": "PCASL",
    "PostLabelingDelay": 1.8,
    "M0Type": "Separate",
    "Sources": ["bids:raw:sub-01/anat/sub-01_T1w.nii.gz"],
    "RawSources": ["sub-01/func/sub-01_task-rest_bold.nii.gz"],
    "IntendedFor": "func/sub-01_task-rest_bold.nii.gz",
    "Resolution": "Isotropic 2 mm",
    "Density": "10242 vertices per hemisphere (5th order icosahedron)",
    "Atlas": "Schaefer2018_400Parcels_17Networks",
    "Smoothing": "SUSAN, 6 mm FWHM",
    "ModelName": "Friston24",
    "ReferenceMap": "Brodmann (1909); Talairach and Tournoux (1988)",
    "Filter": "Butterworth, order 4, Gaussian window",
    "SoftwareFilters": {
        "Butterworth": {"cutoff": "40 Hz", "order": 4},
        "Maxwell": {"regularize": 1},
    },
    "WindowCenter": 1230,
    "PatientPosition": "HFS",
    "BodyPartExamined": "BRAIN",
    "ReconMatrixPE": 96,
    "TxRefAmp": 212.5,
    "DwellTime": 2.6e-06,
    "SAR": 0.0612,
    "BaseResolution": 256,
    "InPlanePhaseEncodingDirectionDICOM": "COL",
    "MatrixCoilMode": "GRAPPA",
    "NonlinearGradientCorrection": False,
}

HARMLESS_TEXTS = """
The flip angle was 90 degrees and the field of view 220 mm.
Participants were between 18 and 35 years old.
We scanned 93 volumes in 12:30 minutes.
Version 2.10.4 of the pipeline was used with Python 3.11.2.
See Friston et al. (1996), Magn Reson Med 35:346-355.
Preprocessing followed the Marr wavelet; a Hanning window and a Student t-test were applied.
doi:10.1038/s41597-022-01234-5
sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
The Stroop task and the Wechsler scale were given before the scan.
Each block lasted 20 s; the inter-trial interval was 1.5 to 3.5 s.
The stimuli showed the words ROSE, LILY and JUNE.
T1w images were defaced with pydeface 2.0.2.
MNI coordinates: 42, -58, -18 (fusiform gyrus).
p < 0.001, F(2, 57) = 12.31, 95 % CI 0.12 to 0.33
slice order: 1 3 5 7 9 11 13 15 17 19 21 23
Licensed under the Apache License, Version 2.0.
Brodmann area 46, Heschl's gyrus and the island of Reil were segmented.
The Montreal Cognitive Assessment was given in quiet surroundings.
matrix 256 x 256 x 176, voxel 1.0 x 1.0 x 1.0 mm, TR/TE 2300/2.98 ms
Run 1 of 4: press green for old and red for new pictures.
Hamilton and Beck scores were summed; higher is worse.
export OMP_NUM_THREADS=4
import numpy as np
for subject in subjects: print(subject)
The head coil had 64 channels, of which 52 were used.
Scores of 90 and above count as high.
The DOI of the atlas is 10.1093/cercor/bhx179.
bandwidth 2380 Hz/Px, echo spacing 0.52 ms
The sample rate was 1000 Hz with an anti-alias filter at 450 Hz.
Data were resampled to fsaverage5 and smoothed with 10 mm FWHM.
Session 2 took place 14 days after session 1.
Cronbach's alpha was 0.89, Cohen's d 0.45 and Pearson's r 0.31.
Block design: rest 30 s, task 30 s, 8 repetitions.
The BOLD signal was modelled with a double gamma function.
BIDS validator: no errors, 3 warnings (code 39, 97, 101).
""".strip().splitlines()
