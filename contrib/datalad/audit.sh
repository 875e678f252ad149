#!/usr/bin/env bash
# An audit with its provenance: what was read, what was run, what came out.
#   bash audit.sh SOURCE FOLDER
# SOURCE is the DataLad data set to be shared (a path or an address), FOLDER a new data set that
# holds it as sub-data set and the audit beside it. Labels and pictures (internal/) and fingerprints
# (store/) are kept out of version control.
set -euo pipefail
source=$1
folder=$2

datalad create -c text2git "$folder"
cd "$folder"
printf '%s\n' 'audit/internal/' 'audit/store/' 'audit/work/' > .gitignore
datalad save -m "Keep labels and fingerprints of the audit out" .gitignore
datalad clone -d . "$source" data
# 4 (something could not be looked at) is a result, which the report tells: save it too.
datalad run \
  -m "Audit the re-identification risk" \
  --input data \
  --output audit \
  --expand inputs \
  'headrisk audit data audit --progress lines || test $? -eq 4'
